/** Finds and hides what looks like a credential. For texts that agents read, and for what they push. */

export type SecretFinding = {
  readonly rule: string
  /** Counted from 1. */
  readonly line: number
}

/**
 * What stands between the lines of a key: white space, also as `\\n` in a string, quotes, header lines. A header goes on
 * to the end of its line and the pieces are counted: a text can be read in one way only, in few steps per character.
 */
const keyGap = '(?:\\s|\\\\[nrt]|["\'+,>]|[A-Za-z][A-Za-z-]{2,19}: [^\\n\\\\]{0,100}(?=[\\n\\\\]|$))'
const keyName = '(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----'

/**
 * One rule per kind of credential. Lengths are least lengths: tokens grow (an installation token has about 520
 * characters, with dots and dashes in it). The look-behind keeps a rule from starting in the middle of a word. A key's
 * first line alone is no secret: programs that read keys name it.
 */
const rules: readonly { readonly name: string; readonly pattern: string; readonly needs?: string }[] = [
  {
    name: 'private key',
    pattern: `-----BEGIN ${keyName}(?:${keyGap}{1,100}[A-Za-z0-9+/=]{16,})+(?:(?:${keyGap}{1,100}[A-Za-z0-9+/=]{1,76})?${keyGap}{0,100}-----END ${keyName})?`,
  },
  { name: 'GitHub token', pattern: '(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9_.-]{20,}' },
  { name: 'GitHub token', pattern: '(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{20,}' },
  { name: 'GitLab token', pattern: '(?<![A-Za-z0-9])glpat-[A-Za-z0-9_.-]{16,}' },
  { name: 'Mission Control token', pattern: '(?<![A-Za-z0-9])mcs?_[A-Za-z0-9-]{1,64}_[A-Za-z0-9_-]{16,}' },
  { name: 'AWS key', pattern: '(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])' },
  { name: 'Slack token', pattern: '(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}' },
  { name: 'Slack webhook', pattern: 'https://hooks\\.slack\\.com/services/[A-Za-z0-9/_-]{20,}' },
  { name: 'API key', pattern: '(?<![A-Za-z0-9])sk-(?:[a-z]{2,10}[0-9]{0,3}-)?[A-Za-z0-9_-]{20,}' },
  { name: 'Stripe key', pattern: '(?<![A-Za-z0-9])[sr]k_live_[A-Za-z0-9]{16,}' },
  { name: 'Google key', pattern: '(?<![A-Za-z0-9])(?:AIza[A-Za-z0-9_-]{35})+' },
  { name: 'npm token', pattern: '(?<![A-Za-z0-9])npm_[A-Za-z0-9]{30,}' },
  { name: 'PyPI token', pattern: '(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{50,}' },
  {
    name: 'JSON web token',
    pattern: '(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}',
  },
  {
    name: 'password in an address',
    // a look-behind is tried at every character: a text without this part is not looked at
    needs: '://',
    pattern:
      '(?<=[a-z][a-z0-9+.-]{1,20}://[^\\s:/@<>"\']{0,100}:)(?=[^\\s@]{0,200}[0-9])(?=[^\\s@]{0,200}[A-Za-z])[^\\s:/@<>"\'[\\]%*{}$]{10,200}(?=@)',
  },
]

const patterns = rules.map(({ name, pattern, needs = '' }) => ({
  name,
  pattern: new RegExp(pattern, 'g'),
  needs,
}))

/**
 * Replaces what looks like a secret with `[redacted: <kind>]`. Doing it twice changes nothing more. It finds
 * credentials that have a known form; it is no proof that a text holds none.
 */
export function redactSecrets(text: string): string {
  const once = patterns.reduce((out, rule) => out.replace(rule.pattern, `[redacted: ${rule.name}]`), text)
  // Two secrets without a gap: the second is seen when the first is gone. Each round takes one away at least.
  return once === text ? text : redactSecrets(once)
}

/** The lines on which something looks like a secret, each kind once per line, in order. */
export function findSecrets(text: string): SecretFinding[] {
  let starts: readonly number[] | null = null
  const found = new Map<string, SecretFinding>()
  for (const rule of patterns) {
    if (!text.includes(rule.needs)) continue
    for (const match of text.matchAll(rule.pattern)) {
      starts ??= lineStarts(text)
      const line = lineOf(starts, match.index)
      found.set(`${line} ${rule.name}`, { rule: rule.name, line })
    }
  }
  return [...found.values()].sort(
    (a, b) => a.line - b.line || (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0),
  )
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function lineOf(starts: readonly number[], index: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= index) low = middle
    else high = middle
  }
  return low + 1
}
