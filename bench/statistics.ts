/** The nearest-rank percentile. Throws when there are no samples: a case that measured nothing has failed. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
  if (found === undefined) throw new Error('nothing was measured')
  return found
}

export const median = (samples: readonly number[]): number => percentile(samples, 50)

/** How many times a rate is another one: each round's ratio, and of these the median, so that a slow spell hits both. */
export function medianRatio(rates: readonly number[], others: readonly number[]): number {
  if (rates.length !== others.length) throw new Error('the rounds do not belong together')
  return median(rates.map((rate, round) => rate / (others[round] ?? Number.NaN)))
}

/** A span of time in milliseconds since the epoch. */
export interface Span {
  start: number
  end: number
}

/** The time that at least one of the spans covers within `window`, in milliseconds. */
export function coveredMs(spans: readonly Span[], window: Span): number {
  let covered = 0
  let reached = window.start
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const from = Math.max(start, reached)
    const to = Math.min(end, window.end)
    if (to <= from) continue
    covered += to - from
    reached = to
  }
  return covered
}

/** The most spans that follow one another without overlapping: how many had to wait for one before. */
export function longestSequence(spans: readonly Span[]): number {
  let count = 0
  let reached = Number.NEGATIVE_INFINITY
  for (const { start, end } of [...spans].sort((a, b) => a.end - b.end)) {
    if (start < reached) continue
    count += 1
    reached = end
  }
  return count
}
