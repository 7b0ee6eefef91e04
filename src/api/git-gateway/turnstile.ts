/** Lets a number of callers in at once; the others wait in order. */
export interface Turnstile {
  /** Answers how to leave, or null when the wait was longer than `waitMs`. */
  enter(waitMs: number): Promise<(() => void) | null>
  /** Nobody is in, nobody waits. */
  idle(): boolean
}

export function createTurnstile(places: number): Turnstile {
  const waiting = new Set<(leave: () => void) => void>()
  let inside = 0
  const leaveOnce = () => {
    let left = false
    return () => {
      if (left) return
      left = true
      const [next] = waiting
      if (next === undefined) inside -= 1
      else next(leaveOnce())
    }
  }
  return {
    idle: () => inside === 0,
    enter: (waitMs) => {
      if (inside < places) {
        inside += 1
        return Promise.resolve(leaveOnce())
      }
      return new Promise((resolve) => {
        const admit = (leave: () => void) => {
          clearTimeout(timer)
          waiting.delete(admit)
          resolve(leave)
        }
        const timer = setTimeout(() => {
          waiting.delete(admit)
          resolve(null)
        }, waitMs)
        waiting.add(admit)
      })
    },
  }
}

/** One turnstile per key, made when it is first used and forgotten when the last one has left. */
export function createTurnstiles(
  places: number,
): (key: string, waitMs: number) => Promise<(() => void) | null> {
  const open = new Map<string, Turnstile>()
  return async (key, waitMs) => {
    const turnstile = open.get(key) ?? createTurnstile(places)
    open.set(key, turnstile)
    const leave = await turnstile.enter(waitMs)
    if (leave === null) return null
    return () => {
      leave()
      if (turnstile.idle() && open.get(key) === turnstile) open.delete(key)
    }
  }
}
