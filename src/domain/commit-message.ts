/** What GitHub would do because of a commit message once the commit is on the default branch. */

/** https://docs.github.com/issues/tracking-your-work-with-issues/linking-a-pull-request-to-an-issue */
const keyword = 'close[sd]?|fix(?:e[sd])?|resolve[sd]?'
const decoration = '[*_~`<(\\[\\\\]{0,6}'
/** As long as GitHub lets names be: without a bound, `fix.fix.fix` is read to its end from each of its words. */
const repository = '[\\w.-]{1,39}/[\\w.-]{1,100}'
const number = '\\d{1,15}'
const reference = `(?:https?://[^\\s/]{1,255}/(${repository})/(?:issues|pull)/(${number})|(${repository})?\\\\?#(${number})|GH-(${number}))`

/** Matches a closing keyword with its reference. */
const closing = new RegExp(`(?<![\\w-])(?:${keyword})\\b\\s{0,20}:?\\s{0,20}${decoration}${reference}`, 'giu')

export type Closing = {
  /** As it stands in the text, white space folded. */
  readonly text: string
  /** `owner/name`, or null for the repository that the text belongs to. */
  readonly repository: string | null
  readonly number: number
}

/** All issues that a text would close, in order. */
export function closings(text: string): Closing[] {
  return [...text.matchAll(closing)].map(read)
}

/** Replaces every closing of a text by what `replace` makes of it. */
export function replaceClosings(text: string, replace: (found: Closing) => string): string {
  return text.replace(closing, (...match: (string | undefined)[]) => replace(read(match)))
}

function read(match: readonly (string | undefined)[]): Closing {
  return {
    text: (match[0] ?? '').replace(/\s+/g, ' '),
    repository: match[1] ?? match[3] ?? null,
    number: Number(match[2] ?? match[4] ?? match[5]),
  }
}

/** The closings of a text, as written, that name another issue than its own. */
export function foreignClosings(text: string, own: { number: number; repository: string }): string[] {
  return closings(text)
    .filter((found) => !isOwn(found, own))
    .map((found) => found.text)
}

function isOwn(found: Closing, own: { number: number; repository: string }): boolean {
  const repository = found.repository ?? own.repository
  return found.number === own.number && repository.toLowerCase() === own.repository.toLowerCase()
}
