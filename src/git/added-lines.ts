/** A piece of what commits add to a file: the text, and the line number of each of its lines. */
export interface AddedText {
  path: string
  text: string
  lineNumbers: number[]
}

const CHUNK_BYTES = 128 * 1024
const LONGEST_LINE = 64 * 1024
/** Pieces of a cut line overlap by more than the head of any secret that is looked for. */
const OVERLAP = 512
const NEWLINE = 10

/**
 * Reads `git log -p -c -U0` as it streams and hands on what it adds, in pieces of bounded size. In a merge (`-c`)
 * only lines that no parent has count as added: `++`. Text is read as Latin-1: secrets are ASCII, and bytes that are
 * not text cost nothing that way.
 */
export class AddedLines {
  readonly #emit: (added: AddedText) => void
  #open: Buffer = Buffer.alloc(0)
  /** How many parents the hunk at hand compares with; 0 outside of hunks. */
  #parents = 0
  #path = ''
  #line = 0
  #text: string[] = []
  #numbers: number[] = []
  #size = 0

  constructor(emit: (added: AddedText) => void) {
    this.#emit = emit
  }

  push(chunk: Buffer): void {
    const data = this.#open.length === 0 ? chunk : Buffer.concat([this.#open, chunk])
    let at = 0
    for (let end = data.indexOf(NEWLINE, at); end >= 0; end = data.indexOf(NEWLINE, at)) {
      this.#read(data.toString('latin1', at, end))
      at = end + 1
    }
    this.#open = data.subarray(at)
    // A line without an end is cut: what follows goes on as a line of the same kind and number.
    while (this.#open.length > LONGEST_LINE + OVERLAP) this.#cut()
  }

  end(): void {
    if (this.#open.length > 0) this.#read(this.#open.toString('latin1'))
    this.#flush()
  }

  #cut(): void {
    const marks = this.#open.subarray(0, this.#parents)
    const before = this.#line
    this.#read(this.#open.toString('latin1', 0, LONGEST_LINE))
    this.#line = before
    this.#open = Buffer.concat([marks, this.#open.subarray(LONGEST_LINE - OVERLAP)])
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
    if (!marks.includes(' ')) this.#add(line.slice(this.#parents))
    this.#line += 1
    return true
  }

  #hunk(line: string): void {
    const marks = /^@+/.exec(line)?.[0] ?? ''
    this.#parents = marks.length - 1
    this.#line = Number(/ \+(\d+)/.exec(line)?.[1] ?? 0)
  }

  #add(text: string): void {
    this.#text.push(text)
    this.#numbers.push(this.#line)
    this.#size += text.length + 1
    if (this.#size > CHUNK_BYTES) this.#flush()
  }

  #flush(): void {
    if (this.#text.length > 0) {
      this.#emit({ path: this.#path, text: this.#text.join('\n'), lineNumbers: this.#numbers })
    }
    this.#text = []
    this.#numbers = []
    this.#size = 0
  }
}

/** The path behind `+++ `: `b/` is git's, quotes stand around unusual names, a tab ends a name with spaces. */
function pathOf(name: string): string {
  const plain = Buffer.from(name, 'latin1').toString().replace(/\t$/, '')
  return plain.replace(/^"(.*)"$/, '$1').replace(/^b\//, '')
}
