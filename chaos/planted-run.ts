import { setTimeout as delay } from 'node:timers/promises'
import type { Invariant, Violation } from './invariants/violation.ts'
import { Watch } from './invariants/watch.ts'
import {
  finishedTask,
  plantComment,
  plantCost,
  plantDirectory,
  plantGateway,
  plantProcess,
  plantPullRequest,
  plantPush,
  plantSession,
} from './plants.ts'
import type { World } from './world.ts'

const TASKS = 4
const PATIENCE_MS = 120_000
const TELL_MS = 15_000

/** Lets some tasks end without any fault, breaks one invariant for real, and answers what the checks say then. */
export async function plantedRun(
  world: World,
  invariant: Invariant,
  stack: AsyncDisposableStack,
  say: (line: string) => void,
): Promise<Violation[]> {
  const watch = new Watch(world.subject)
  for (let count = 0; count < TASKS; count += 1) await world.load.ask('quick')
  const before = await watch.converge(PATIENCE_MS)
  if (before.violations.length > 0) return before.violations
  const sound = (await watch.end()).violations
  if (sound.length > 0) return sound
  say(`${TASKS} tasks have ended and all is well; now ${invariant} is broken`)
  return plant(world, watch, invariant, stack)
}

async function plant(
  world: World,
  watch: Watch,
  invariant: Invariant,
  stack: AsyncDisposableStack,
): Promise<Violation[]> {
  const { db, api, app, directory, subject } = world
  const task = await finishedTask(db)
  const [agent] = subject.agents
  if (agent === undefined) throw new Error('there is no agent')
  switch (invariant) {
    case 'one-pull-request':
      await plantPullRequest(api, task)
      break
    case 'one-status-comment':
      await plantComment(api, task)
      break
    case 'fencing':
      await plantPush(app, task, directory)
      break
    case 'no-orphan-process':
      plantProcess(stack, agent, task)
      break
    case 'no-leftover-directory':
      await plantDirectory(agent, task)
      break
    case 'no-live-token':
      return (await new Watch({ ...subject, gatewayUrl: await plantGateway(stack) }).end()).violations
    case 'database-rules':
      await plantCost(db, task)
      break
    case 'one-session':
      await world.load.ask('hangs')
      await untilRunning(world)
      await plantSession(db)
      return watch.look()
    case 'convergence':
      await world.load.ask('hangs')
      return (await watch.converge(2 * subject.leaseMs)).violations.filter(
        // what it has on its machine is there because it has not ended
        (violation) => violation.invariant === 'convergence',
      )
    default:
      throw new Error(`nothing is planted for ${invariant satisfies never}`)
  }
  return untilTold(watch)
}

/** GitHub tells of some of it a moment later. */
async function untilTold(watch: Watch): Promise<Violation[]> {
  const deadline = Date.now() + TELL_MS
  for (;;) {
    const { violations } = await watch.end()
    if (violations.length > 0 || Date.now() > deadline) return violations
    await delay(500)
  }
}

async function untilRunning({ db }: World): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (Date.now() < deadline) {
    const live = await db.selectFrom('sessions').select('id').where('status', '=', 'running').execute()
    if (live.length > 0) return
    await delay(200)
  }
  throw new Error('no session began')
}
