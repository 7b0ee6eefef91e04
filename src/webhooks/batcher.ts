/** Waits for one item of a batch. */
interface Waiting<Item> {
  item: Item
  done: () => void
  failed: (error: unknown) => void
}

/**
 * Group commit: whatever arrives while statements are under way goes into the next one. `add` resolves when
 * the item's batch is stored. No timer: waiting for more items only costs latency.
 */
export class Batcher<Item> {
  readonly #flush: (items: Item[]) => Promise<void>
  readonly #most: number
  readonly #inFlight: number
  readonly #queue: Waiting<Item>[] = []
  #busy = 0
  #scheduled = false

  /** @param limits `most` items in one batch, at most `inFlight` batches at once */
  constructor(flush: (items: Item[]) => Promise<void>, limits: { most: number; inFlight: number }) {
    this.#flush = flush
    this.#most = limits.most
    this.#inFlight = limits.inFlight
  }

  add(item: Item): Promise<void> {
    return new Promise((done, failed) => {
      this.#queue.push({ item, done, failed })
      this.#schedule()
    })
  }

  /** `setImmediate`: everything that this turn of the event loop read joins the batch. */
  #schedule(): void {
    if (this.#scheduled || this.#busy >= this.#inFlight || this.#queue.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    if (this.#busy >= this.#inFlight || this.#queue.length === 0) return
    const batch = this.#queue.splice(0, this.#most)
    this.#busy += 1
    this.#schedule()
    try {
      await this.#flush(batch.map((waiting) => waiting.item))
      for (const waiting of batch) waiting.done()
    } catch (error) {
      for (const waiting of batch) waiting.failed(error)
    } finally {
      this.#busy -= 1
      this.#schedule()
    }
  }
}
