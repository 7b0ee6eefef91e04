/** One small change of a program's text. */
export interface Candidate {
  text: string
  /** What was changed, in words. */
  what: string
}

const OPERATORS: Record<string, readonly string[]> = {
  ' + ': [' - '],
  ' - ': [' + '],
  ' / ': [' * '],
  ' * ': [' / '],
  ' < ': [' <= ', ' > '],
  ' > ': [' >= ', ' < '],
  ' === ': [' !== '],
}
const PAIRS: readonly (readonly [string, string])[] = [
  ['Math.max', 'Math.min'],
  ['low', 'high'],
]

/** Small changes, the likeliest mistakes first: the last operator of the text first, then swapped pairs of names. */
export function candidates(text: string): Candidate[] {
  const found: (Candidate & { at: number })[] = []
  for (const [operator, others] of Object.entries(OPERATORS)) {
    for (let at = text.indexOf(operator); at !== -1; at = text.indexOf(operator, at + 1)) {
      for (const other of others) {
        const changed = text.slice(0, at) + other + text.slice(at + operator.length)
        found.push({ at, text: changed, what: `\`${operator.trim()}\` to \`${other.trim()}\`` })
      }
    }
  }
  const swaps = PAIRS.filter(([a, b]) => text.includes(a) && text.includes(b)).map(([a, b]) => ({
    at: text.length,
    text: swapInBodies(text, a, b),
    what: `\`${a}\` and \`${b}\` (swapped)`,
  }))
  return [...swaps, ...found.sort((a, b) => b.at - a.at)].map(({ text: changed, what }) => ({
    text: changed,
    what,
  }))
}

/** Swaps two names in every `return` line; a signature keeps its order. */
function swapInBodies(text: string, a: string, b: string): string {
  return text
    .split('\n')
    .map((line) => {
      if (!line.trimStart().startsWith('return ')) return line
      return line.replaceAll(a, '\0').replaceAll(b, a).replaceAll('\0', b)
    })
    .join('\n')
}
