import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Case, defineCase } from '../case.ts'
import { residentMegabytes } from '../stage/memory.ts'
import { serve } from '../stage/serve.ts'
import { setStage } from '../stage/stage.ts'

const IDLE_MS = 10_000

/** What the server process holds in memory when it has nothing to do. */
export const serverIdleMemory: Case = defineCase({
  name: 'server-idle-memory',
  rows: [
    {
      name: 'server-idle-memory',
      about: `resident memory of the server process after ${IDLE_MS / 1000} s without work`,
      unit: 'MB',
      goal: 'under 200',
    },
  ],
  async run({ stack, say }) {
    const stage = await setStage(stack)
    await (await serve(stack, stage)).stop()
    const { pid } = await serve(stack, stage)
    say(`leaving the server alone for ${IDLE_MS / 1000} s`)
    await delay(IDLE_MS)
    const value = await residentMegabytes(pid)
    const reference = { name: 'node doing nothing', value: await idleNode(stack) }
    return { 'server-idle-memory': { value, reference } }
  },
})

async function idleNode(stack: AsyncDisposableStack): Promise<number> {
  const script = 'setInterval(() => {}, 1e6); console.log()'
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  stack.defer(async () => {
    child.kill('SIGKILL')
    await ended
  })
  await once(child.stdout, 'data')
  return residentMegabytes(child.pid ?? 0)
}
