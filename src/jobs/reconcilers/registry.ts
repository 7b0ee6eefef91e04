import { pullRequestsToOpen } from '../../db/repositories/outbound-calls.ts'
import { projectsWithMirrors } from '../../db/repositories/projects.ts'
import { tasksToProject, tasksToWake } from '../../db/repositories/tasks.ts'
import { trimDeliveries } from '../../db/repositories/webhook-deliveries.ts'
import { changeTask } from '../../orchestrator/change-task.ts'
import { dispatch } from '../../orchestrator/dispatch.ts'
import { sweepSessions } from '../../orchestrator/sweep-sessions.ts'
import type { JobContext } from '../context.ts'
import { openPullRequest } from '../open-pull-request.ts'
import { projectTask } from '../project-task.ts'
import { settlePublishes } from './publishes.ts'
import type { Reconciler } from './reconciler.ts'
import { redeliverFailed } from './redelivery.ts'

const BATCH = 50

/** One entry per thing that repeats. `seconds` scales their pace: 1 in production. */
export function reconcilers(context: JobContext, seconds: number): Reconciler[] {
  const { orchestrator } = context
  const { db } = orchestrator
  const every = (factor: number): number => factor * seconds
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
        for (const task of await tasksToWake(db, orchestrator.clock.now(), BATCH)) {
          await changeTask(orchestrator, {
            taskId: task.id,
            event: 'credit_due',
            actor: 'mission-control',
            factsAnyway: { wakeAt: null },
          })
        }
      },
    },
    {
      name: 'projections',
      everySeconds: every(20),
      run: async () => {
        for (const taskId of await tasksToProject(db, BATCH)) await projectTask(context, taskId)
      },
    },
    {
      name: 'pull-requests',
      everySeconds: every(20),
      run: async () => {
        for (const taskId of await pullRequestsToOpen(db, BATCH)) await openPullRequest(context, taskId)
      },
    },
    { name: 'publishes', everySeconds: every(5), run: () => settlePublishes(context) },
    { name: 'redelivery', everySeconds: every(120), atStart: true, run: () => redeliverFailed(context) },
    {
      name: 'mirrors',
      everySeconds: every(3600),
      run: async () => {
        for (const id of await projectsWithMirrors(db)) await context.mirrors.mirror(id).tidy()
      },
    },
    { name: 'trim', everySeconds: every(3600), run: () => trimDeliveries(db) },
  ]
}
