import type { JobPayload } from '../queue/catalog.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** Has a comment answered by a job: handlers of webhooks do not wait for GitHub. */
export async function answerLater(
  orchestrator: Orchestrator,
  answer: JobPayload<'answer-comment'>,
): Promise<void> {
  await inTransaction(orchestrator, 'answer-later', (unit) => unit.enqueue('answer-comment', answer))
}
