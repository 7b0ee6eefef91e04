import { parentPort, workerData } from 'node:worker_threads'
import { fuzz, readCorpus } from './run.ts'
import { targets } from './targets.ts'

/** What the main thread gives to the thread that does the work. */
export interface LoopData {
  target: string
  seed: number
  seconds: number
  /** The input that runs now: its length in the first four bytes. */
  shared: SharedArrayBuffer
}

/** What the thread tells at its end. */
export interface LoopResult {
  runs: number
  slowestMs: number
  finding: { input: string; error: string } | null
}

const { target: name, seed, seconds, shared } = workerData as LoopData
const target = targets.find((one) => one.name === name)
if (target === undefined || parentPort === null) throw new Error(`there is no target ${name}`)
const length = new Int32Array(shared, 0, 2)
const bytes = Buffer.from(shared, 8)
const before = (input: Buffer): void => {
  input.copy(bytes)
  Atomics.store(length, 0, input.length)
  Atomics.add(length, 1, 1)
}
const { runs, slowestMs, finding } = await fuzz(target, await readCorpus(name), { seed, seconds, before })
await target.close?.()
const result: LoopResult = {
  runs,
  slowestMs,
  finding: finding && {
    input: finding.input.toString('base64'),
    error: finding.error instanceof Error ? (finding.error.stack ?? '') : String(finding.error),
  },
}
parentPort.postMessage(result)
