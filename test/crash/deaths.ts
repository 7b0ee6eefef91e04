import { afterAll, describe, expect, test } from 'vitest'
import { CRASH_POINTS } from '../../src/runtime/crash-points.ts'
import { expectNothingLeft, expectNothingLeftAtAll } from './aftermath.ts'
import { BESIDE_THE_LOOP, type Plan } from './plan.ts'
import { createStage, type Stage } from './stage.ts'
import { STORIES } from './stories.ts'

const TEST_MS = 300_000
const REACHED_SECONDS = 90

/**
 * The tests of some plans: a part is killed in the middle of a story, started again, and the story has to end as if
 * nothing had happened. Stages are shared: a death must not disturb what comes after it.
 * @param stages how many stories go on at once
 */
export function testDeaths(plans: readonly Plan[], stages = 4): void {
  const all: Stage[] = []
  const free: Stage[] = []
  const waiting: ((stage: Stage) => void)[] = []
  let made = 0

  const give = (stage: Stage): void => {
    const next = waiting.shift()
    if (next) next(stage)
    else free.push(stage)
  }
  const make = async (): Promise<Stage> => {
    made += 1
    const stage = await createStage()
    all.push(stage)
    return stage
  }
  const take = async (): Promise<Stage> => {
    if (free.length === 0 && made < stages) return make()
    return free.pop() ?? new Promise((resolve) => waiting.push(resolve))
  }
  /** Whatever it is in now must not fail the others. */
  const replace = async (broken: Stage): Promise<void> => {
    all.splice(all.indexOf(broken), 1)
    await broken.stop()
    give(await make())
  }
  afterAll(() => Promise.all(all.map((stage) => stage.stop())))

  describe.concurrent('a story ends as if nothing had happened', () => {
    for (const plan of plans) {
      const { part, story, points } = plan
      test(`${story}, when the ${part} dies ${points.join(', ')}`, { timeout: TEST_MS }, async () => {
        const stage = await take()
        try {
          await play(stage, plan)
          give(stage)
        } catch (error) {
          await replace(stage)
          throw error
        }
      })
    }
  })

  test('nothing is left when everything is over', { timeout: TEST_MS }, async () => {
    for (const stage of all) await expectNothingLeftAtAll(stage)
  })

  test('every point that was passed is in the catalog, or known not to belong to the loop', () => {
    const known = new Set<string>([...Object.keys(CRASH_POINTS), ...BESIDE_THE_LOOP])
    const passed = all.flatMap((stage) => [...stage.passed()])
    expect(passed.filter((point) => !known.has(point))).toEqual([])
  })
}

async function play(stage: Stage, { part, story, points, fresh }: Plan): Promise<void> {
  const [first, ...others] = points
  if (first === undefined) throw new Error('a plan has a point')
  if (fresh) {
    await stage.part(part).stop()
    await stage.revive(part)
  }
  await stage.part(part).dieAt(first)
  const played = STORIES[story](stage).then(
    () => null,
    (error: unknown) => error,
  )
  for (const [index, point] of points.entries()) {
    const death = await within(REACHED_SECONDS, stage.part(part).ended)
    if (death === null) throw new Error(`${point} was not reached: ${await within(1, played)}`)
    expect(death).toEqual({ signal: 'SIGKILL', code: null, diedAt: point })
    await stage.revive(part, others[index])
  }
  const failure = await played
  if (failure !== null) throw failure
  await expectNothingLeft(stage)
}

/** What the promise answers; null when it takes longer. */
async function within<Value>(seconds: number, promise: Promise<Value>): Promise<Value | null> {
  const late = Promise.withResolvers<null>()
  const timer = setTimeout(() => late.resolve(null), seconds * 1000)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
