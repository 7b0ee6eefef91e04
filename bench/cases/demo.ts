import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { type Case, defineCase } from '../case.ts'
import { CLI } from '../stage/serve.ts'
import { median, percentile } from '../statistics.ts'

const RUNS = 3

const Line = z.looseObject({ event: z.string() })
const Done = z.object({
  event: z.literal('done'),
  elapsedMs: z.number(),
})

/** The demo as a person starts it. */
export const demo: Case = defineCase({
  name: 'demo',
  rows: [
    {
      name: 'demo',
      about: 'start of `mission-control demo` to the merged pull request',
      unit: 'ms',
      goal: 'under 8000',
    },
    {
      name: 'demo-process',
      about: 'the same until everything is stopped and removed again',
      unit: 'ms',
      goal: null,
    },
  ],
  async run({ stack, say }) {
    const runs: Played[] = []
    for (let run = 1; run <= RUNS; run += 1) {
      say(`demo ${run} of ${RUNS}`)
      runs.push(await play(stack))
    }
    const elapsed = runs.map(({ done }) => done.elapsedMs)
    const process = runs.map(({ processMs }) => processMs)
    return {
      demo: { value: median(elapsed), p50: median(elapsed), p99: percentile(elapsed, 99) },
      'demo-process': { value: median(process), p50: median(process), p99: percentile(process, 99) },
    }
  },
})

interface Played {
  done: z.infer<typeof Done>
  processMs: number
}

async function play(stack: AsyncDisposableStack): Promise<Played> {
  if (stack.disposed) throw new Error('the case has ended')
  const start = performance.now()
  const child = spawn(process.execPath, [CLI, 'demo', '--exit', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  stack.defer(async () => {
    child.kill('SIGTERM')
    await ended
  })
  let done: z.infer<typeof Done> | null = null
  for await (const text of createInterface(child.stdout)) {
    const line = Line.parse(JSON.parse(text))
    if (line.event === 'done') done = Done.parse(line)
  }
  const [status] = await ended
  if (done === null || status !== 0) throw new Error(`the demo ended with status ${status}`)
  return { done, processMs: performance.now() - start }
}
