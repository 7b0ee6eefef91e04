/**
 * The pause before reconnect number `attempt` (from 0), in milliseconds: doubled each time up to `maxMs`, of which a
 * random half is taken off, so that the agents of a restarted server do not come back at the same moment.
 * @param random a number in [0, 1)
 */
export function reconnectPause(
  attempt: number,
  limits: { minMs: number; maxMs: number },
  random: number,
): number {
  const full = Math.min(limits.maxMs, limits.minMs * 2 ** Math.min(attempt, 30))
  return Math.round(full * (0.5 + random / 2))
}
