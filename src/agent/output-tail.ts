/** Keeps the end of what a program printed. */
export type OutputTail = { push(chunk: Buffer): void; text(): string }

/** @param limit how many bytes of the end are kept */
export function createOutputTail(limit: number): OutputTail {
  let chunks: Buffer[] = []
  let size = 0
  let cut = false

  function compact(): void {
    const all = Buffer.concat(chunks)
    const kept = all.subarray(Math.max(0, all.length - limit))
    cut ||= kept.length < all.length
    chunks = [kept]
    size = kept.length
  }

  return {
    push(chunk) {
      chunks.push(chunk)
      size += chunk.length
      // Twice the limit before it is cut, so that a chatty program does not cost a copy per chunk.
      if (size > 2 * limit) compact()
    },
    text() {
      compact()
      const text = chunks.map((chunk) => chunk.toString('utf8')).join('')
      return cut ? `[...]${text}` : text
    },
  }
}
