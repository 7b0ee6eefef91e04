/** Work that goes on after an answer was sent: it is waited for, and its failures are not lost. */
export class Background {
  readonly #running = new Set<Promise<void>>()
  readonly #failures: unknown[] = []
  readonly #onError: ((error: unknown) => void) | undefined

  constructor(onError: ((error: unknown) => void) | undefined) {
    this.#onError = onError
  }

  run(work: Promise<unknown>): void {
    const settled: Promise<void> = work
      .then(
        () => undefined,
        (error: unknown) => this.report(error),
      )
      .finally(() => this.#running.delete(settled))
    this.#running.add(settled)
  }

  report(error: unknown): void {
    if (this.#onError) this.#onError(error)
    else this.#failures.push(error)
  }

  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  throwFailures(): void {
    if (this.#failures.length > 0)
      throw new AggregateError(this.#failures.splice(0), 'The local GitHub failed while it ran.')
  }
}
