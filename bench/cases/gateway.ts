import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Case, defineCase, type Ground } from '../case.ts'
import type { Measured } from '../report.ts'
import { git, timed } from '../stage/gateway-git.ts'
import { type MemoryPeak, peakMemory } from '../stage/gateway-memory.ts'
import { type GatewayStage, type Repository, setGatewayStage } from '../stage/gateway-stage.ts'
import { residentMegabytes } from '../stage/memory.ts'
import { median } from '../statistics.ts'

const ROUNDS = 3
const SMALL_ROUNDS = 5
/** What is pushed, in MB: the last one shows whether memory grows with the size. */
const PUSHES = [...Array<number>(SMALL_ROUNDS).fill(1), ...Array<number>(ROUNDS).fill(100), 300]
/** What the larger repositories end with: they hold 106 and 306 MB. */
const LAST = { large: SMALL_ROUNDS, huge: SMALL_ROUNDS + ROUNDS - 1 }
const QUIET_MS = 2_000

const time = (name: string, about: string) => ({ name, about, unit: 'ms', goal: null }) as const

/** Clones and pushes through the gateway against the same straight at GitHub. */
export const gateway: Case = defineCase({
  name: 'gateway',
  rows: [
    time('gateway-clone', 'clone of 100 MB through the gateway, its mirror being up to date, p50'),
    {
      name: 'gateway-clone-ratio',
      about: 'that over a clone straight from GitHub',
      unit: 'times',
      goal: 'at most 1.3',
    },
    time('gateway-clone-cold', 'the same when the server has no mirror yet, p50'),
    time('gateway-push', 'push of 100 MB through the gateway: stored, checked and published, p50'),
    {
      name: 'gateway-push-ratio',
      about: 'that over two pushes in a row straight to GitHub',
      unit: 'times',
      goal: 'at most 1.3',
    },
    time('gateway-clone-1mb', 'clone of 1 MB through the gateway, p50'),
    time('gateway-push-1mb', 'push of 1 MB through the gateway, p50'),
    {
      name: 'gateway-memory',
      about: 'most that the server process grows above its idle size, at 1, 100 and 300 MB',
      unit: 'MB',
      goal: 'at most 96',
    },
    { name: 'gateway-memory-git', about: 'most that its git processes allocate', unit: 'MB', goal: null },
  ],
  async run(ground) {
    const stage = await setGatewayStage(ground, PUSHES, LAST)
    await delay(QUIET_MS)
    const idle = await residentMegabytes(stage.pid)
    const run: Run = { ...stage, ground, peaks: [] }
    const clones = await cloneRounds(run)
    const pushes = await pushRounds(run)
    ground.say(`idle at ${idle} MB; ${run.peaks.map(peakText).join('; ')}`)
    const ratio = ({ value, reference }: Pair): Measured => ({ value: value / reference.value })
    return {
      'gateway-clone': clones.warm,
      'gateway-clone-ratio': ratio(clones.warm),
      'gateway-clone-cold': clones.cold,
      'gateway-push': pushes.large,
      'gateway-push-ratio': ratio(pushes.large),
      'gateway-clone-1mb': clones.small,
      'gateway-push-1mb': pushes.small,
      'gateway-memory': { value: Math.max(...run.peaks.map(({ server }) => server)) - idle },
      'gateway-memory-git': { value: Math.max(...run.peaks.map(({ children }) => children ?? 0)) },
    }
  },
})

interface Run extends GatewayStage {
  ground: Ground
  peaks: (MemoryPeak & { what: string })[]
}

type Pair = Measured & { reference: { name: string; value: number } }

const peakText = ({ what, server, children }: Run['peaks'][number]): string =>
  `${what}: ${server} MB, git ${Math.round(children ?? 0)} MB`

async function watched(run: Run, what: string, work: () => Promise<number>): Promise<number> {
  let took = 0
  const peak = await peakMemory(run.pid, async () => {
    took = await work()
  })
  run.peaks.push({ what, ...peak })
  return took
}

async function clone({ ground, work }: Run, url: string): Promise<number> {
  const target = join(work, 'clone.git')
  const took = await timed(() => git(ground.stack, work, ['clone', '-q', '--bare', url, target]))
  await rm(target, { recursive: true })
  return took
}

/** Each way once a round, the one that begins changing; so that a busy moment meets them alike. */
async function interleaved(
  rounds: number,
  ways: readonly ((round: number) => Promise<number>)[],
): Promise<number[]> {
  const taken = ways.map((): number[] => [])
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < ways.length; turn += 1) {
      const index = (turn + round) % ways.length
      taken[index]?.push((await ways[index]?.(round)) ?? Number.NaN)
    }
  }
  return taken.map(median)
}

function pair([value = Number.NaN, reference = Number.NaN]: readonly number[], name: string): Pair {
  return { value, p50: value, reference: { name, value: reference } }
}

async function cloneRounds(run: Run): Promise<{ small: Pair; warm: Pair; cold: Pair }> {
  const { small, large, huge } = run.repositories
  const straight = 'straight from GitHub'
  run.ground.say(`cloning 1 MB, ${SMALL_ROUNDS} times each way`)
  const through =
    ({ gateway: url }: Repository, what: string) =>
    () =>
      watched(run, what, () => clone(run, url))
  const tiny = await interleaved(SMALL_ROUNDS, [
    through(small, 'clone of 1 MB'),
    () => clone(run, small.direct),
  ])
  run.ground.say(`cloning 100 MB, ${ROUNDS} times each way`)
  const [warm = 0, direct = 0, cold = 0] = await interleaved(ROUNDS, [
    through(large, 'clone of 100 MB'),
    () => clone(run, large.direct),
    async () => {
      await large.forget()
      return through(large, 'first clone of 100 MB')()
    },
  ])
  await through(huge, 'first clone of 300 MB')()
  await through(huge, 'clone of 300 MB')()
  return {
    small: pair(tiny, straight),
    warm: pair([warm, direct], straight),
    cold: pair([cold, direct], straight),
  }
}

async function pushRounds(run: Run): Promise<{ small: Pair; large: Pair }> {
  const { source, plain, ground } = run
  const { gateway: url, branch } = run.repositories.small
  const push = (commit: number, to: string): Promise<number> =>
    timed(() =>
      git(ground.stack, source.directory, [
        'push',
        '-q',
        to,
        `${source.commits[commit]?.sha}:refs/heads/${branch}`,
      ]),
    )
  const through = (commit: number): Promise<number> =>
    watched(run, `push of ${source.commits[commit]?.megabytes} MB`, () => push(commit, url))
  const twice = async (commit: number): Promise<number> =>
    (await push(commit, plain[0])) + (await push(commit, plain[1]))
  const straight = 'two in a row straight to GitHub'
  ground.say(`pushing 1 MB, ${SMALL_ROUNDS} times each way`)
  const tiny = await interleaved(SMALL_ROUNDS, [through, twice])
  ground.say(`pushing 100 MB, ${ROUNDS} times each way`)
  const large = await interleaved(ROUNDS, [
    (round) => through(SMALL_ROUNDS + round),
    (round) => twice(SMALL_ROUNDS + round),
  ])
  await through(SMALL_ROUNDS + ROUNDS)
  return { small: pair(tiny, straight), large: pair(large, straight) }
}
