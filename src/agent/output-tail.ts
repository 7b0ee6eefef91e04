import { StringDecoder } from 'node:string_decoder'

/** Keeps the end of a program's output, and tells each finished line. */
type OutputTail = { push(chunk: Buffer): void; text(): string }

const LONGEST_LINE = 2_000

/** @param limit how many bytes of the end are kept */
export function createOutputTail(limit: number, onLine?: (line: string) => void): OutputTail {
  let chunks: Buffer[] = []
  let size = 0
  let cut = false
  let partial = ''
  const decoder = new StringDecoder('utf8')

  function compact(): void {
    const all = Buffer.concat(chunks)
    const kept = all.subarray(Math.max(0, all.length - limit))
    cut ||= kept.length < all.length
    chunks = [kept]
    size = kept.length
  }

  function lines(chunk: Buffer): void {
    if (onLine === undefined) return
    const parts = (partial + decoder.write(chunk)).split(/\r\n|\r|\n/)
    partial = (parts.pop() ?? '').slice(-LONGEST_LINE)
    for (const line of parts) if (line.trim() !== '') onLine(line.slice(0, LONGEST_LINE))
  }

  return {
    push(chunk) {
      chunks.push(chunk)
      size += chunk.length
      // Twice the limit before it is cut, so that a chatty program does not cost a copy per chunk.
      if (size > 2 * limit) compact()
      lines(chunk)
    },
    text() {
      compact()
      const text = chunks.map((chunk) => chunk.toString('utf8')).join('')
      return cut ? `[...]${text}` : text
    },
  }
}
