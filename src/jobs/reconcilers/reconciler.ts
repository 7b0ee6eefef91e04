import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'

/** Something that is looked at again and again, because a notification or a process may get lost. */
export interface Reconciler {
  name: string
  /** Seconds between the end of one run and the start of the next. */
  everySeconds: number
  /** Also runs when the server starts: something may have happened while it was down. */
  atStart?: boolean
  run(): Promise<void>
}

/** Runs reconcilers until stopped, each one at a time. A failed run is logged and does not end the next. */
export function startReconcilers(reconcilers: readonly Reconciler[], logger: Logger): Service {
  const timers = new Map<string, NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  let stopped = false
  const loop = (reconciler: Reconciler, delayMs = reconciler.everySeconds * 1000): void => {
    if (stopped) return
    timers.set(
      reconciler.name,
      setTimeout(() => {
        const run = reconciler
          .run()
          .catch((error: unknown) => {
            if (!stopped) logger.error({ err: error, reconciler: reconciler.name }, 'reconciler failed')
          })
          .finally(() => {
            running.delete(run)
            loop(reconciler)
          })
        running.add(run)
      }, delayMs),
    )
  }
  for (const reconciler of reconcilers) loop(reconciler, reconciler.atStart ? 0 : undefined)
  return {
    name: 'reconcilers',
    async stop() {
      stopped = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
