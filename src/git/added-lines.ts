/** A piece of what commits add to a file: the text, and the line number of each of its lines. */
export interface AddedText {
  path: string
  text: string
  /** Made when it is asked for: nearly all pieces hold nothing that anybody wants to point at. */
  readonly lineNumbers: number[]
}

const CHUNK_BYTES = 32 * 1024
const LONGEST_LINE = 64 * 1024
/** Pieces overlap by more than the head of any secret that is looked for. */
const OVERLAP = 512
const LONGEST_CHUNK = 64 * 1024
const PLUS = 43

/** Lines of the file that follow one another: how many, from which number on. */
interface Row {
  text: string
  first: number
  count: number
}

/** A class, because an object literal with a getter makes V8 keep the rows of each piece until its next full collection. */
class Piece implements AddedText {
  readonly path: string
  readonly text: string
  readonly #rows: readonly Row[]

  constructor(path: string, rows: readonly Row[]) {
    this.path = path
    this.text = rows.map(({ text }) => text).join('\n')
    this.#rows = rows
  }

  get lineNumbers(): number[] {
    return this.#rows.flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at))
  }
}

/**
 * Reads `git log -p -c -U0` as it streams and hands on what it adds, in pieces of bounded size. In a merge (`-c`)
 * only lines that no parent has count as added: `++`. Text is read as Latin-1: secrets are ASCII, and bytes that are
 * not text cost nothing that way. Lines added in a row, nearly all of a large push, are handed on without being taken
 * apart: a string per line makes the heap grow by as much as the diff is fast.
 */
export class AddedLines {
  readonly #emit: (added: AddedText) => void
  #open = ''
  /** How many parents the hunk at hand compares with; 0 outside of hunks. */
  #parents = 0
  #path = ''
  #line = 0
  #rows: Row[] = []
  #size = 0

  constructor(emit: (added: AddedText) => void) {
    this.#emit = emit
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += LONGEST_CHUNK)
      this.#push(chunk.toString('latin1', at, at + LONGEST_CHUNK))
  }

  end(): void {
    if (this.#open.length > 0) this.#read(this.#open)
    this.#flush()
  }

  #push(chunk: string): void {
    let data = this.#open + chunk
    let at = 0
    for (;;) {
      const end = data.indexOf('\n', at)
      if (isTooLong(at, end < 0 ? data.length : end)) {
        data = this.#cut(data.slice(at))
        at = 0
      } else if (end < 0) {
        break
      } else if (this.#parents === 1 && data.charCodeAt(at) === PLUS) {
        at = this.#addRow(data, at, end)
      } else {
        this.#read(data.slice(at, end))
        at = end + 1
      }
    }
    this.#open = data.slice(at)
  }

  /** Reads the beginning of a long line. What follows goes on as a line of the same kind and number. */
  #cut(data: string): string {
    const marks = data.slice(0, this.#parents)
    const before = this.#line
    this.#read(data.slice(0, LONGEST_LINE))
    this.#line = before
    return marks + data.slice(LONGEST_LINE - OVERLAP)
  }

  /** Takes the added line from `at` to `end` and all that follow it without a gap. Answers where the next one begins. */
  #addRow(data: string, at: number, end: number): number {
    let last = end
    let lines = 1
    while (data.charCodeAt(last + 1) === PLUS) {
      const next = data.indexOf('\n', last + 1)
      if (next < 0 || isTooLong(last + 1, next)) break
      last = next
      lines += 1
    }
    this.#add(data.slice(at + 1, last).replaceAll('\n+', '\n'), lines)
    this.#line += lines
    return last + 1
  }

  #read(line: string): void {
    if (this.#parents > 0 && this.#content(line)) return
    if (line.startsWith('@@')) {
      this.#hunk(line)
      return
    }
    this.#parents = 0
    if (!line.startsWith('+++ ')) return
    this.#flush()
    this.#path = pathOf(line.slice(4))
  }

  /** Handles a line inside of a hunk; answers false when the line is not one. */
  #content(line: string): boolean {
    const marks = line.slice(0, this.#parents)
    if (marks.length < this.#parents || !/^[ +-]+$/.test(marks)) return line.startsWith('\\')
    if (marks.includes('-')) return true
    if (!marks.includes(' ')) this.#add(line.slice(this.#parents), 1)
    this.#line += 1
    return true
  }

  #hunk(line: string): void {
    const marks = /^@+/.exec(line)?.[0] ?? ''
    this.#parents = marks.length - 1
    this.#line = Number(/ \+(\d{1,15})/.exec(line)?.[1] ?? 0)
  }

  #add(text: string, count: number): void {
    this.#rows.push({ text, first: this.#line, count })
    this.#size += text.length + 1
    if (this.#size <= CHUNK_BYTES) return
    // A secret of several lines may stand on both sides of the border.
    const kept = lastLines(this.#rows)
    this.#flush()
    this.#rows = kept
    this.#size = kept.reduce((sum, row) => sum + row.text.length + 1, 0)
  }

  #flush(): void {
    if (this.#rows.length > 0) this.#emit(new Piece(this.#path, this.#rows))
    this.#rows = []
    this.#size = 0
  }
}

const isTooLong = (at: number, end: number): boolean => end - at > LONGEST_LINE + OVERLAP

/** The end of a text: whole lines that make the overlap, and of a long line no more than twice that. */
function lastLines(rows: readonly Row[]): Row[] {
  const kept: Row[] = []
  let wanted = OVERLAP
  for (const { text, first, count } of rows.toReversed()) {
    if (wanted <= 0) break
    const whole = text.lastIndexOf('\n', text.length - wanted) + 1
    const end = text.slice(Math.max(whole, text.length - 2 * OVERLAP))
    const lines = countLines(end)
    kept.unshift({ text: end, first: first + count - lines, count: lines })
    wanted -= end.length + 1
  }
  return kept
}

function countLines(text: string): number {
  let count = 1
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

/** The path behind `+++ `: `b/` is git's, quotes stand around unusual names, a tab ends a name with spaces. */
function pathOf(name: string): string {
  const plain = Buffer.from(name, 'latin1').toString().replace(/\t$/, '')
  return plain.replace(/^"(.*)"$/, '$1').replace(/^b\//, '')
}
