/**
 * A recorded run of a program, as text that can be reviewed: one line per line of output (`out` or `err` before it), a
 * `do` line for what the program did to the working copy, and at the end how it ended (`exit 1`), or `waits` when it
 * was ended from outside.
 */
export type Recording = { lines: RecordedLine[]; end: { exit: number } | 'waits' }
export type RecordedLine = { kind: 'out' | 'err' | 'do'; text: string }

export function formatRecording({ lines, end }: Recording): string {
  const last = end === 'waits' ? 'waits' : `exit ${end.exit}`
  return [...lines.map(({ kind, text }) => `${kind} ${text}`), last, ''].join('\n')
}

export function parseRecording(text: string): Recording {
  const lines: RecordedLine[] = []
  for (const line of text.split('\n')) {
    const [, kind, rest] = /^(out|err|do) (.*)$/s.exec(line) ?? []
    if (kind === 'out' || kind === 'err' || kind === 'do') lines.push({ kind, text: rest ?? '' })
    else if (line === 'waits') return { lines, end: 'waits' }
    else if (line.startsWith('exit ')) return { lines, end: { exit: Number(line.slice(5)) } }
    else throw new Error(`not a line of a recording: ${line}`)
  }
  throw new Error('the recording does not say how the program ended')
}
