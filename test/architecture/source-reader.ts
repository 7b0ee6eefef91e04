/** Reads what a source file imports, and its code without comments and texts. Knows just enough TypeScript for that. */

export interface Import {
  readonly specifier: string
  /** The names in braces, as exported; `*` for a namespace, `default` for a default import. */
  readonly names: readonly string[]
  /** Nothing of it is left when the program runs, so it cannot close a cycle. */
  readonly typeOnly: boolean
}

export interface Source {
  readonly imports: readonly Import[]
  /** The code; comments are blanked, each text is `"§n"`, its content `texts[n]`. */
  readonly code: string
  readonly texts: readonly string[]
}

const FROM = /\b(import|export)\s+(type\s+)?([\w$*\s,{}]+?)\s*\bfrom\s*"§(\d+)"/g
const BARE = /\bimport\s*"§(\d+)"/g
const DYNAMIC = /\b(typeof\s+)?import\s*\(\s*"§(\d+)"/g

export function readSource(text: string): Source {
  const { code, texts } = mask(text)
  const at = (index: string | undefined): string => texts[Number(index)] ?? ''
  const imports: Import[] = []
  for (const [, , type, clause = '', index] of code.matchAll(FROM)) {
    const names = namesOf(clause)
    const typeOnly = type !== undefined || (names.length > 0 && names.every((name) => name.type))
    imports.push({ specifier: at(index), names: names.map(({ name }) => name), typeOnly })
  }
  for (const [, index] of code.matchAll(BARE))
    imports.push({ specifier: at(index), names: [], typeOnly: false })
  for (const [, type, index] of code.matchAll(DYNAMIC)) {
    imports.push({ specifier: at(index), names: ['*'], typeOnly: type !== undefined })
  }
  return { imports, code, texts }
}

function namesOf(clause: string): { name: string; type: boolean }[] {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
  const outside = clause.replace(/\{[^}]*\}/, '').trim()
  const named = braces
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => ({
      name: part.replace(/^type\s+/, '').split(/\s/, 1)[0] ?? '',
      type: /^type\s/.test(part),
    }))
  if (outside.includes('*')) return [{ name: '*', type: false }, ...named]
  return outside.replace(',', '').trim() === '' ? named : [{ name: 'default', type: false }, ...named]
}

/** A slash after one of these begins a regular expression, after anything else it divides. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|yield|await))\s*$/

/** Blanks comments and regular expressions and takes texts out. Code inside `${}` stays code. */
function mask(text: string): { code: string; texts: string[] } {
  const texts: string[] = []
  let code = ''
  let at = 0
  const put = (content: string): void => {
    code += `"§${texts.length}"`
    texts.push(content)
  }

  /** Ends at the closing brace of a `${}`, or at the end of the file. */
  function readCode(inTemplate: boolean): void {
    let depth = 0
    while (at < text.length) {
      const two = text.slice(at, at + 2)
      const char = text[at] ?? ''
      if (two === '//') at = indexOrEnd(text, '\n', at)
      else if (two === '/*') at = indexOrEnd(text, '*/', at + 2) + 2
      else if (char === '"' || char === "'") put(readQuoted(char))
      else if (char === '`') readTemplate()
      else if (char === '/' && BEFORE_REGEX.test(code.slice(-40))) readRegex()
      else {
        if (char === '{') depth += 1
        if (char === '}') depth -= 1
        if (inTemplate && depth < 0) return
        code += char
        at += 1
      }
    }
  }

  function readQuoted(quote: string): string {
    const start = at + 1
    at = start
    while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1
    at += 1
    return text.slice(start, at - 1)
  }

  function readTemplate(): void {
    let content = ''
    at += 1
    const inner: string[] = []
    while (at < text.length && text[at] !== '`') {
      if (text.startsWith('${', at)) {
        at += 2
        const before = code
        code = ''
        readCode(true)
        inner.push(code)
        code = before
        content += '…'
      } else content += text.slice(at, at + (text[at] === '\\' ? 2 : 1))
      at += text[at] === '\\' ? 2 : 1
    }
    at += 1
    put(content)
    code += inner.map((part) => `(${part})`).join('')
  }

  function readRegex(): void {
    let inClass = false
    at += 1
    while (at < text.length && (inClass || text[at] !== '/') && text[at] !== '\n') {
      if (text[at] === '[') inClass = true
      if (text[at] === ']') inClass = false
      at += text[at] === '\\' ? 2 : 1
    }
    at += 1
    code += '/regex/'
  }

  readCode(false)
  return { code, texts }
}

function indexOrEnd(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from)
  return found === -1 ? text.length : found
}
