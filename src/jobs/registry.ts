import { dispatch } from '../orchestrator/dispatch.ts'
import type { JobKind } from '../queue/catalog.ts'
import type { JobHandler, Queue } from '../queue/queue.ts'
import { answerComment } from './answer-comment.ts'
import type { JobContext } from './context.ts'
import { gatherSources } from './gather-sources.ts'
import { openPullRequest } from './open-pull-request.ts'
import { projectTask } from './project-task.ts'
import { publishHeld } from './publish-held.ts'

/** One line per kind of job. */
function jobHandlers(context: JobContext): { [Kind in JobKind]: JobHandler<Kind> } {
  return {
    'gather-sources': ({ taskId }) => gatherSources(context, taskId),
    'project-task': ({ taskId }) => projectTask(context, taskId),
    'open-pull-request': ({ taskId }) => openPullRequest(context, taskId),
    'publish-held': ({ taskId }) => publishHeld(context, taskId),
    dispatch: async ({ taskId, agentId }) => {
      await dispatch(context.orchestrator, {
        ...(taskId === undefined ? {} : { taskId }),
        ...(agentId === undefined ? {} : { agentId }),
      })
    },
    'answer-comment': (answer) => answerComment(context, answer),
  }
}

/** Starts working on all kinds of jobs in this process. */
export async function startJobs(queue: Queue, context: JobContext): Promise<void> {
  const handlers = jobHandlers(context)
  await Promise.all(
    Object.entries(handlers).map(([kind, handler]) => queue.work(kind as JobKind, handler as never)),
  )
}
