import { isDeepStrictEqual } from 'node:util'
import type { ProgressReport } from '../protocol/report.ts'
import { reportableUsage, type Usage } from '../protocol/usage.ts'

/** Collects what a session has to tell and sends it: at most once per `shortestMs`, at least once per `longestMs`. */
export type Reporter = {
  tell(news: { message?: string; percent?: number; usage?: Usage }): void
  /** The last totals. */
  usage(): Usage
  stop(): void
}

type ReporterOptions = {
  shortestMs: number
  longestMs: number
  model: string | null
  send(report: ProgressReport): void
}

export function createReporter(options: ReporterOptions): Reporter {
  let message: string | null = null
  let percent: number | null = null
  let usage: Usage = {
    tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    costUsd: null,
    model: options.model,
  }
  let last = Number.NEGATIVE_INFINITY
  let stopped = false
  let timer: NodeJS.Timeout | undefined

  function send(): void {
    last = Date.now()
    options.send({ message, percent, tokens: usage.tokens, costUsd: usage.costUsd, model: usage.model })
    plan(options.longestMs)
  }

  function plan(ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(send, ms)
  }

  return {
    tell(news) {
      const next = {
        message: news.message ?? message,
        percent: news.percent ?? percent,
        usage: news.usage
          ? reportableUsage({ ...news.usage, model: news.usage.model ?? usage.model })
          : usage,
      }
      const same =
        next.message === message && next.percent === percent && isDeepStrictEqual(next.usage, usage)
      ;({ message, percent, usage } = next)
      if (stopped || same) return
      plan(Math.max(0, Math.min(options.longestMs, last + options.shortestMs - Date.now())))
    },
    usage: () => usage,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
