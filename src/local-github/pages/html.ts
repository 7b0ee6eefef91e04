/** Markup that is safe to send. Made by `html` and by nothing that has not escaped its input. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type HtmlValue = Html | string | number | null | undefined | false | readonly HtmlValue[]

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for element content and quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

/** A template whose values are escaped, except markup made by `html` itself; attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  let text = strings[0] ?? ''
  values.forEach((value, index) => {
    text += markup(value) + (strings[index + 1] ?? '')
  })
  return new Html(text)
}

function markup(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  return value.map(markup).join('')
}

/** Path segments for a link; slashes inside a segment (branches, file paths) stay slashes. */
export function href(...segments: (string | number)[]): string {
  return segments
    .map((segment) => `/${String(segment).split('/').map(encodeURIComponent).join('/')}`)
    .join('')
}
