/** Remembers values that never change; forgets those that were not used for longest when it holds too much. */
export interface Memo<Value> {
  /** The value of a key, made once for all who ask meanwhile. A failure is told to them and not kept. */
  get(key: string, make: () => Promise<Value>): Promise<Value>
}

/** @param mostBytes about how much it may hold, by what `bytesOf` says of each value */
export function createMemo<Value>(mostBytes: number, bytesOf: (value: Value) => number): Memo<Value> {
  const entries = new Map<string, { value: Promise<Value>; bytes: number }>()
  let held = 0

  /** What is still being made weighs nothing and is not forgotten. */
  async function weigh(key: string, entry: { value: Promise<Value>; bytes: number }): Promise<void> {
    entry.bytes = key.length + bytesOf(await entry.value)
    held += entry.bytes
    for (const [oldest, { bytes }] of entries) {
      if (held <= mostBytes) return
      if (bytes === 0) continue
      entries.delete(oldest)
      held -= bytes
    }
  }

  return {
    get(key, make) {
      const known = entries.get(key)
      if (known !== undefined) {
        entries.delete(key)
        entries.set(key, known)
        return known.value
      }
      const entry = { value: make(), bytes: 0 }
      entries.set(key, entry)
      // whoever asked has the failure itself
      weigh(key, entry).catch(() => entries.delete(key))
      return entry.value
    },
  }
}
