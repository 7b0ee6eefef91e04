import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Case, defineCase } from '../case.ts'
import { serve } from '../stage/serve.ts'
import { setStage } from '../stage/stage.ts'
import { median, percentile } from '../statistics.ts'

const RUNS = 5

/** From the start of the process to the first 200 of `/readyz`, with a database that is up to date. */
export const serverStart: Case = defineCase({
  name: 'server-start',
  rows: [
    {
      name: 'server-start',
      about: 'start of `mission-control serve` to /readyz with an existing database',
      unit: 'ms',
      goal: 'under 2000',
    },
  ],
  async run({ stack, say, profiles }) {
    const stage = await setStage(stack)
    say('starting the server once to make its tables')
    await (await serve(stack, stage)).stop()
    const samples: number[] = []
    const bare: number[] = []
    say(`starting the server ${RUNS} times`)
    const flags = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
    for (let run = 0; run < RUNS; run += 1) {
      bare.push(await bareNode())
      const { readyMs, stop } = await serve(stack, stage, flags)
      samples.push(readyMs)
      await stop()
    }
    const reference = { name: 'node -e 0', value: median(bare) }
    const p50 = median(samples)
    return { 'server-start': { value: p50, p50, p99: percentile(samples, 99), reference } }
  },
})

async function bareNode(): Promise<number> {
  const start = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return performance.now() - start
}
