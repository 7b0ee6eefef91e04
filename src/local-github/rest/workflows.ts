import type { Refusal } from '../actions/outcome.ts'
import { dispatchRefusal } from '../actions/workflows.ts'
import { type Answer, type Area, bodyOf, type WriteCall } from './call.ts'
import { notEmulated } from './refusals.ts'

/** Refuses what GitHub refuses. What GitHub would start is not emulated: nothing runs here. */
async function dispatch(call: WriteCall): Promise<Answer | Refusal> {
  const { inputs = {}, ref } = bodyOf(call) as { ref: string; inputs?: Record<string, unknown> }
  const wanted = { workflow: call.params.workflow_id ?? '', ref, inputs }
  const refusal = await dispatchRefusal(call.context, call.actor, call.repository, wanted)
  return refusal ?? notEmulated('actions/create-workflow-dispatch')
}

/** Workflows, as far as they can be refused. */
export const workflowsArea: Area = { writes: { 'actions/create-workflow-dispatch': dispatch } }
