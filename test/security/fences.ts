/** An own small reader of contexts, for tests: it knows the two lines of a fence and every way to begin a line. */
export interface Read {
  /** All lines that stand outside of fences. */
  readonly outside: string
  readonly fences: number
}

const LINE_ENDS = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/

/** Throws when a fence is opened in a fence, closed without one, or left open. */
export function readFences(document: string, marker: string): Read {
  const outside: string[] = []
  let open = false
  let fences = 0
  for (const line of document.split(LINE_ENDS)) {
    if (line.startsWith(`<<<untrusted ${marker}: `)) {
      if (open) throw new Error('a fence in a fence')
      open = true
      fences += 1
    } else if (line === `untrusted ${marker}>>>`) {
      if (!open) throw new Error('the end of a fence without its beginning')
      open = false
    } else if (!open) {
      outside.push(line)
    }
  }
  if (open) throw new Error('a fence without its end')
  return { outside: outside.join('\n'), fences }
}
