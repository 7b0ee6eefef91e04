import { StringDecoder } from 'node:string_decoder'

/** Cuts a stream of bytes into lines. */
type OutputLines = {
  push(chunk: Buffer): void
  /** Tells what stands after the last line break. */
  end(): void
}

/**
 * Tells each line that is not blank, at its end. Of a line that is longer than `longest` characters only the
 * beginning is kept and told, so that no program fills the memory.
 */
export function createOutputLines(longest: number, onLine: (line: string) => void): OutputLines {
  const decoder = new StringDecoder('utf8')
  let parts: string[] = []
  let size = 0

  function keep(text: string): void {
    const kept = text.slice(0, longest - size)
    if (kept === '') return
    parts.push(kept)
    size += kept.length
  }

  function finish(): void {
    const line = parts.join('')
    parts = []
    size = 0
    if (line.trim() !== '') onLine(line)
  }

  function take(text: string): void {
    // A carriage return alone ends a line too: programs redraw their progress with it.
    const [first = '', ...rest] = text.split(/\r\n|\r|\n/)
    keep(first)
    for (const part of rest) {
      finish()
      keep(part)
    }
  }

  return {
    push: (chunk) => take(decoder.write(chunk)),
    end() {
      take(decoder.end())
      finish()
    },
  }
}
