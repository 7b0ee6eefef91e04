import { closeSync, openSync, writeSync } from 'node:fs'

/** The log of a run: a line for each fault, violation and what processes did by themselves, with its time. */
export class Journal {
  readonly file: string
  readonly #descriptor: number
  #zero = Date.now()

  constructor(file: string) {
    this.file = file
    this.#descriptor = openSync(file, 'w', 0o600)
  }

  /** From now on times count from here: when the first fault may come. */
  begin(): void {
    this.#zero = Date.now()
  }

  /** Seconds since the first fault may come; negative before. */
  elapsed(): number {
    return (Date.now() - this.#zero) / 1_000
  }

  write(line: string): void {
    const offset = `${this.elapsed() < 0 ? '' : '+'}${this.elapsed().toFixed(3)}`
    writeSync(this.#descriptor, `${new Date().toISOString()} ${offset.padStart(10)} ${line}\n`)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
