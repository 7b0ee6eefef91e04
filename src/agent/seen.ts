/** Remembers the last `capacity` ids; `add` is true for an id that is new. For dropping repeated frames. */
type Seen = { add(id: string): boolean }

export function createSeen(capacity: number): Seen {
  const ids = new Set<string>()
  return {
    add(id) {
      if (ids.has(id)) return false
      ids.add(id)
      if (ids.size > capacity) {
        const [oldest] = ids
        if (oldest !== undefined) ids.delete(oldest)
      }
      return true
    },
  }
}
