import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { LoopData, LoopResult } from './loop.ts'
import { MOST_BYTES } from './mutate.ts'
import { targets } from './targets.ts'

const USAGE = `usage: npm run fuzz -- TARGET... [--seconds N] [--seed S]
       npm run fuzz -- TARGET --input FILE      runs one input
targets: ${targets.map(({ name }) => name).join(', ')}, all`

/** An input that runs for longer than this never ends. */
const HANG_MS = 20_000

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, input: { type: 'string' } },
})
const names = positionals.includes('all') ? targets.map(({ name }) => name) : positionals
const chosen = targets.filter(({ name }) => names.includes(name))
const seconds = Number(values.seconds ?? 60)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
if (chosen.length !== names.length || names.length === 0 || !(seconds > 0) || !Number.isSafeInteger(seed)) {
  console.error(USAGE)
  process.exit(2)
}
for (const target of chosen) {
  if (values.input !== undefined) {
    await target.run(await readFile(values.input))
    await target.close?.()
    console.log(`${target.name}: the input is handled as promised`)
  } else if (!(await fuzzOne(target.name))) process.exitCode = 1
}

/** True when nothing was found. */
async function fuzzOne(target: string): Promise<boolean> {
  const { runs, slowestMs, finding } = await inThread(target)
  const where = `${target}: seed ${seed}, ${runs} inputs, slowest ${slowestMs.toFixed(1)} ms`
  if (finding === null) {
    console.log(`${where}, nothing found`)
    return true
  }
  const input = Buffer.from(finding.input, 'base64')
  const folder = new URL(`findings/${target}/`, import.meta.url)
  const file = new URL(createHash('sha256').update(input).digest('hex').slice(0, 16), folder)
  await mkdir(folder, { recursive: true })
  await writeFile(file, input)
  console.error(`${where}: ${finding.error}\n\n${finding.input}\n\nsaved as ${fileURLToPath(file)}`)
  return false
}

/** In a thread of its own, so that an input that never ends is seen and saved too. */
function inThread(target: string): Promise<LoopResult> {
  const shared = new SharedArrayBuffer(8 + MOST_BYTES * 2)
  const state = new Int32Array(shared, 0, 2)
  const workerData: LoopData = { target, seed, seconds, shared }
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('loop.ts', import.meta.url), { workerData })
    let seen = -1
    const watch = setInterval(() => {
      const count = Atomics.load(state, 1)
      if (count !== seen) {
        seen = count
        return
      }
      const input = Buffer.from(Buffer.from(shared, 8, Atomics.load(state, 0))).toString('base64')
      settle(() => resolve({ runs: count, slowestMs: HANG_MS, finding: { input, error: 'it never ends' } }))
    }, HANG_MS)
    const settle = (end: () => void): void => {
      clearInterval(watch)
      void worker.terminate().then(end)
    }
    worker.once('message', (result: LoopResult) => settle(() => resolve(result)))
    worker.once('error', (error) => settle(() => reject(error)))
  })
}
