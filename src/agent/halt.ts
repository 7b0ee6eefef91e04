/**
 * Why the work of a session is ended before its program ended by itself. Some save what there is; after
 * the others the session belongs to nobody, so that nothing is pushed or reported.
 */
export const HALT_REASONS = {
  pause: { saves: true },
  cancel: { saves: true },
  shutdown: { saves: true },
  wall_clock: { saves: true },
  budget: { saves: true },
  revoked: { saves: false },
  lost: { saves: false },
  killed: { saves: false },
} as const satisfies Record<string, { saves: boolean }>
export type HaltReason = keyof typeof HALT_REASONS

/** One per session: the request to end, heard by the program that runs and by git. */
export type Halt = {
  /** The first reason, or the one that took the right to save away. */
  reason(): HaltReason | null
  /** False when nothing may be pushed or reported any more. */
  saves(): boolean
  /** Aborted by any reason: programs are told to end, fetching stops. */
  readonly stopping: AbortSignal
  /** Aborted when nothing is saved, or the time for saving is over: everything is killed at once. */
  readonly killing: AbortSignal
  request(reason: HaltReason): void
  /** Stops the clock of the saving; call it when the session has ended. */
  close(): void
}

/** @param saveMs how long saving may take after a request */
export function createHalt(saveMs: number): Halt {
  const stopping = new AbortController()
  const killing = new AbortController()
  let reason: HaltReason | null = null
  let timer: NodeJS.Timeout | undefined

  return {
    reason: () => reason,
    saves: () => reason === null || HALT_REASONS[reason].saves,
    stopping: stopping.signal,
    killing: killing.signal,
    request(wanted) {
      const keeps = HALT_REASONS[wanted].saves
      if (reason !== null && (keeps || !HALT_REASONS[reason].saves)) return
      reason = wanted
      stopping.abort()
      if (keeps) timer = setTimeout(() => killing.abort(), saveMs)
      else killing.abort()
    },
    close: () => clearTimeout(timer),
  }
}
