import {
  type Projection,
  releaseProjection,
  renewProjection,
  takeProjection,
} from '../db/repositories/projections.ts'
import { Postponed } from '../queue/queue.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import type { JobContext } from './context.ts'

/**
 * How long the projection of a process that died stays locked. A request of its to GitHub may still be under way then:
 * whoever comes next must not look for its comment too early.
 */
const LOCK_SECONDS = 5
const RENEW_MS = 1_000

/**
 * Runs `work` with the projection of a task, which no other process writes meanwhile: the lock is renewed while `work`
 * runs. A database lock was refused: it would keep a connection while GitHub is waited for. Throws `Postponed` when
 * another process is at it.
 */
export async function withProjection(
  { orchestrator: { db, clock }, logger }: JobContext,
  taskId: number,
  work: (projection: Projection) => Promise<void>,
): Promise<void> {
  const projection = await takeProjection(db, taskId, clock.now(), LOCK_SECONDS)
  if (projection === undefined)
    throw new Postponed(new Date(Date.now() + 1_000), 'another process projects this task')
  crashPoint('committed', 'projection: lock')
  let held = projection
  let renewing = Promise.resolve()
  const timer = setInterval(() => {
    renewing = renewing
      .then(async () => {
        held = (await renewProjection(db, held, clock.now(), LOCK_SECONDS)) ?? held
      })
      .catch((error: unknown) => logger.error({ err: error, taskId }, 'a projection was not renewed'))
  }, RENEW_MS)
  try {
    await work(projection)
  } finally {
    clearInterval(timer)
    await renewing
    await releaseProjection(db, held)
  }
}
