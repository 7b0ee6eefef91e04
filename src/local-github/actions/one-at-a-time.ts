const last = new WeakMap<object, Promise<unknown>>()

/** Runs `work` after all earlier work on the same subject: what is read from git holds until it is written. */
export function oneAtATime<Value>(subject: object, work: () => Promise<Value>): Promise<Value> {
  const turn = (last.get(subject) ?? Promise.resolve()).then(work, work)
  last.set(subject, turn)
  return turn
}
