/** How text of others stands in a context: cleaned, and between markers that its writer could not know. */

import { redactSecrets } from '../secrets.ts'
import { visibleText } from '../visible-text.ts'

/** A marker is made of random letters and digits, anew for each session. */
const markerPattern = /^[A-Za-z0-9]{16,64}$/

export type Cleaner = {
  /** A text of several lines, without hidden parts, secrets and the marker. */
  readonly block: (text: string) => string
  /** The same on one line, without backticks: fit for a code span or a heading. */
  readonly line: (text: string) => string
  /** The name of a branch. As it is when it can do no harm: redacted, it would be the name of another one. */
  readonly branch: (name: string) => string
  /** A GitHub login, or what is left of something that is none. */
  readonly login: (text: string) => string
  /** Puts a cleaned text between markers and names it as untrusted. */
  readonly fence: (source: string, cleaned: string) => string
}

/** Throws a RangeError when the marker is not one that can be trusted to be absent from other text. */
export function cleaner(marker: string): Cleaner {
  if (!markerPattern.test(marker)) throw new RangeError('the marker must be 16 to 64 letters and digits')
  const anyMarker = new RegExp(marker, 'gi')
  const block = (text: string) => redactSecrets(visibleText(text)).replace(anyMarker, '[marker]').trim()
  const line = (text: string) => block(text).replace(/\s+/g, ' ').replaceAll('`', "'")
  return {
    block,
    line,
    branch: (name) => (/^[A-Za-z0-9._/-]+$/.test(name) ? name : line(name)),
    login: (text) => text.replace(/[^A-Za-z0-9[\]_-]/g, '').slice(0, 60),
    fence: (source, cleaned) => `<<<untrusted ${marker}: ${source}\n${cleaned}\nuntrusted ${marker}>>>`,
  }
}
