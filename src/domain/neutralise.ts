/** What agents write is published by our app under its name: it must not act on GitHub and not call home. */

import { replaceClosings } from './commit-message.ts'
import { redactSecrets } from './secrets.ts'
import { visibleText } from './visible-text.ts'

export type NeutraliseOptions = {
  /** The issue that the text may close; others lose their closing keyword. Null: none. */
  readonly ownIssue: number | null
  /** Characters, the note about the cut included. */
  readonly limit: number
}

const cutNote = '\n\n_(cut: the text was longer than is published here)_'

/**
 * Makes a text of an agent safe to publish: nobody is mentioned, no other issue is closed, no image is loaded from
 * elsewhere, no command of ours is in it, no secret, no hidden text, and it has at most `limit` characters.
 */
export function neutralise(text: string, options: NeutraliseOptions): string {
  const visible = withoutImages(withoutEntities(redactSecrets(visibleText(text))))
  const quiet = withoutMentions(withoutClosings(withoutCommands(visible), options.ownIssue))
  return cut(quiet, options.limit)
}

/** As `neutralise`, for a title: one line. */
export function neutraliseTitle(text: string, limit = 200): string {
  const line = redactSecrets(visibleText(text)).replace(/\s+/g, ' ').trim()
  return cutLine(withoutMentions(withoutClosings(withoutEntities(line), null)), limit)
}

/** A word joiner behind the at sign: it reads the same and mentions nobody. */
function withoutMentions(text: string): string {
  return text.replace(/@(?=[a-z0-9])/gi, '@\u2060')
}

/**
 * The keyword stays readable; `(re)` between it and the reference takes its effect. Again until nothing changes: the
 * name of a repository may hold another keyword.
 */
function withoutClosings(text: string, ownIssue: number | null): string {
  const once = replaceClosings(text, (found) => {
    const own = found.number === ownIssue && found.repository === null
    return own ? found.text : found.text.replace(/^([a-z]+)\s*:?\s*/i, '$1 (re) ')
  })
  return once === text ? text : withoutClosings(once, ownIssue)
}

/** `&#64;name` and `&num;12` would act as `@name` and `#12` do. */
function withoutEntities(text: string): string {
  return text.replace(/&(?=#|commat;|num;)/gi, '&amp;')
}

/** A word joiner between `!` and `[`: images by reference have no complete form that could be removed. */
function withoutImages(text: string): string {
  return text.replace(/!(?=\[)/g, '!\u2060')
}

/** A line that begins with a slash command gets a backslash: Markdown shows the same. */
function withoutCommands(text: string): string {
  return text.replace(/^( {0,3})\/(?=[a-z])/gim, '$1\\/')
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  const head = text.slice(0, Math.max(0, limit - cutNote.length - 4)).replace(/[\ud800-\udbff]$/, '')
  const open = (head.match(/^ {0,3}(?:```|~~~)/gm) ?? []).length % 2 === 1
  return `${head}${open ? '\n```' : ''}${cutNote}`.slice(0, limit)
}

function cutLine(text: string, limit: number): string {
  if (text.length <= limit) return text
  return `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
