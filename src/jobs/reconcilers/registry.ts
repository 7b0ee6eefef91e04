import { heldToPublish } from '../../db/repositories/held-branches.ts'
import { pullRequestsToOpen } from '../../db/repositories/outbound-calls.ts'
import { projectsWithMirrors } from '../../db/repositories/projects.ts'
import { tasksToGather, tasksToProject, tasksToWake } from '../../db/repositories/tasks.ts'
import { trimDeliveries } from '../../db/repositories/webhook-deliveries.ts'
import { forgetFadedConnections } from '../../orchestrator/agent-presence.ts'
import { changeTask } from '../../orchestrator/change-task.ts'
import { dispatch } from '../../orchestrator/dispatch.ts'
import { sweepSessions } from '../../orchestrator/sweep-sessions.ts'
import type { JobContext } from '../context.ts'
import { gatherSources } from '../gather-sources.ts'
import { openPullRequest } from '../open-pull-request.ts'
import { projectTask } from '../project-task.ts'
import { publishHeld } from '../publish-held.ts'
import { forEach } from './for-each.ts'
import { settlePublishes } from './publishes.ts'
import type { Reconciler } from './reconciler.ts'
import { redeliverFailed } from './redelivery.ts'

const BATCH = 50
/** Longer than the job that gathers a task's sources needs, its first repetitions included; at the pace of 1. */
const GATHERING_SECONDS = 120

/** One entry per thing that repeats. `seconds` scales their pace: 1 in production. */
export function reconcilers(context: JobContext, seconds: number): Reconciler[] {
  const every = (factor: number): number => factor * seconds
  return [...clocks(context, every), ...healers(context, every)]
}

type Pace = (factor: number) => number

/** What time alone brings about. */
function clocks({ orchestrator, ...context }: JobContext, every: Pace): Reconciler[] {
  const { db } = orchestrator
  return [
    {
      name: 'sessions',
      everySeconds: every(1),
      run: async () => {
        await sweepSessions(orchestrator)
      },
    },
    {
      name: 'dispatch',
      everySeconds: every(5),
      run: async () => {
        await dispatch(orchestrator)
      },
    },
    {
      name: 'wake',
      everySeconds: every(5),
      run: async () => {
        const due = await tasksToWake(db, orchestrator.clock.now(), BATCH)
        await forEach(context, due, async ({ id }) => {
          await changeTask(orchestrator, {
            taskId: id,
            event: 'credit_due',
            actor: 'mission-control',
            factsAnyway: { wakeAt: null },
          })
        })
      },
    },
  ]
}

/** What looks again, because a job, a notification or a process may have got lost. */
function healers(context: JobContext, every: Pace): Reconciler[] {
  const { orchestrator } = context
  const { db } = orchestrator
  return [
    {
      name: 'projections',
      everySeconds: every(20),
      run: async () => {
        await forEach(context, await tasksToProject(db, BATCH), (taskId) => projectTask(context, taskId))
      },
    },
    {
      name: 'sources',
      everySeconds: every(60),
      run: async () => {
        const since = new Date(orchestrator.clock.now().getTime() - every(GATHERING_SECONDS) * 1000)
        const stale = await tasksToGather(db, since, BATCH)
        await forEach(context, stale, (taskId) => gatherSources(context, taskId))
      },
    },
    {
      name: 'pull-requests',
      everySeconds: every(20),
      run: async () => {
        const finished = await pullRequestsToOpen(db, BATCH)
        await forEach(context, finished, (taskId) => openPullRequest(context, taskId))
      },
    },
    {
      name: 'held',
      everySeconds: every(20),
      run: async () => {
        await forEach(context, await heldToPublish(db, BATCH), (taskId) => publishHeld(context, taskId))
      },
    },
    { name: 'connections', everySeconds: every(20), run: () => forgetFadedConnections(orchestrator) },
    { name: 'publishes', everySeconds: every(5), run: () => settlePublishes(context) },
    { name: 'redelivery', everySeconds: every(120), atStart: true, run: () => redeliverFailed(context) },
    {
      name: 'mirrors',
      everySeconds: every(3600),
      run: async () => {
        await forEach(context, await projectsWithMirrors(db), (id) => context.mirrors.mirror(id).tidy())
      },
    },
    { name: 'trim', everySeconds: every(3600), run: () => trimDeliveries(db) },
  ]
}
