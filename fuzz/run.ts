import { readdir, readFile } from 'node:fs/promises'
import { mutate } from './mutate.ts'
import { createRandom, type Random } from './random.ts'
import { BrokenPromise, cleanPrototypes, type Target } from './target.ts'

/** An input that broke a promise. */
export interface Finding {
  input: Buffer
  error: unknown
}

export interface Outcome {
  runs: number
  /** Processor time of the slowest input, in milliseconds. */
  slowestMs: number
  finding: Finding | null
}

export interface Limits {
  seed: number
  /** How many mutated inputs; the corpus always runs whole. */
  runs?: number
  /** Wall clock. */
  seconds?: number
  /** Processor time that one input may take; `MOST_CPU_MS` unless told. */
  cpuMs?: number
  /** Told of each input before it runs: one that never ends can be saved by whoever watches. */
  before?: (input: Buffer) => void
}

/** No input of 64 KiB may take more processor time than this; a slow machine under a coverage tool is about at a tenth. */
const MOST_CPU_MS = 1_000

/** The kept inputs of a target, by name. */
export async function readCorpus(name: string): Promise<Buffer[]> {
  const folder = new URL(`corpus/${name}/`, import.meta.url)
  const files = (await readdir(folder)).sort()
  return Promise.all(files.map((file) => readFile(new URL(file, folder))))
}

/** Runs the corpus and then mutations of it until a limit is reached or a promise is broken. */
export async function fuzz(target: Target, corpus: readonly Buffer[], limits: Limits): Promise<Outcome> {
  const random = createRandom(limits.seed)
  const words = target.words.map((word) => Buffer.from(word))
  const end = limits.seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + limits.seconds * 1000
  const most = corpus.length + (limits.runs ?? Number.POSITIVE_INFINITY)
  const pool = [...corpus]
  const outcome: Outcome = { runs: 0, slowestMs: 0, finding: null }
  while (outcome.runs < most && Date.now() < end && outcome.finding === null) {
    const known = corpus[outcome.runs]
    const input = known ?? mutate(pick(pool, random), random, pick(pool, random), words)
    limits.before?.(input)
    const { ms, error } = await tryOne(target, input, limits.cpuMs ?? MOST_CPU_MS)
    outcome.runs += 1
    outcome.slowestMs = Math.max(outcome.slowestMs, ms)
    if (error !== null) outcome.finding = { input, error }
    // a drifting pool reaches further than the corpus; small, so that no input grows without end
    else if (known === undefined && input.length < 4_096 && random.below(20) === 0)
      keep(pool, corpus.length, input, random)
  }
  return outcome
}

async function tryOne(
  target: Target,
  input: Buffer,
  mostMs: number,
): Promise<{ ms: number; error: unknown }> {
  const before = process.threadCpuUsage()
  try {
    await target.run(new Uint8Array(input))
    const { user, system } = process.threadCpuUsage(before)
    const ms = (user + system) / 1000
    cleanPrototypes()
    const slow = ms > mostMs
    return { ms, error: slow ? new BrokenPromise(`${input.length} bytes took ${Math.round(ms)} ms`) : null }
  } catch (error) {
    return { ms: 0, error }
  }
}

function pick(pool: readonly Buffer[], random: Random): Buffer {
  return pool[random.below(pool.length)] ?? Buffer.alloc(0)
}

const DRIFTERS = 200

function keep(pool: Buffer[], fixed: number, input: Buffer, random: Random): void {
  if (pool.length < fixed + DRIFTERS) pool.push(input)
  else pool[fixed + random.below(DRIFTERS)] = input
}
