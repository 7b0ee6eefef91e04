import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Call, Conversation, Tool } from '../conversation.ts'
import type { EventStream } from '../event-stream.ts'
import type { Protocol, Told } from '../protocol.ts'
import { refuseOpenAi } from './refusals.ts'

const Part = z.looseObject({ text: z.string().optional() })
const Item = z.looseObject({
  type: z.string().default('message'),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(Part)]).nullish(),
  tools: z.array(z.unknown()).optional(),
})
const Offered = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  tools: z.array(z.unknown()).optional(),
})

const Body = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  input: z.array(Item),
  tools: z.array(z.unknown()).default([]),
})

/** OpenAI's Responses API over HTTP, as Codex speaks it to a provider of one's own. */
export const responses: Protocol = { path: '/v1/responses', read, stream, whole, refuse: refuseOpenAi }

function read(value: unknown): Conversation {
  const { model, stream, input, tools } = Body.parse(value)
  const user = input.filter(({ role }) => role === 'user').map(textOf)
  // Newer models are offered their tools in an item of the input instead.
  const offered = [...tools, ...input.flatMap((item) => item.tools ?? [])]
  return {
    model,
    stream,
    user: user.join('\n'),
    answers: countAnswers(input),
    tools: offered.flatMap((tool) => toolsOf(tool, null)),
  }
}

function textOf({ content }: z.infer<typeof Item>): string {
  if (typeof content === 'string') return content
  return (content ?? []).map(({ text = '' }) => text).join('\n')
}

/** An answer may be several items (a message, a call): what stands between two of the client's is one. */
function countAnswers(input: readonly z.infer<typeof Item>[]): number {
  const ofModel = input.map(
    ({ type, role }) => role === 'assistant' || /_call$/.test(type) || type === 'reasoning',
  )
  return ofModel.filter((mine, index) => mine && ofModel[index - 1] !== true).length
}

function toolsOf(value: unknown, namespace: string | null): Tool[] {
  const tool = Offered.parse(value)
  if (tool.type === 'namespace')
    return (tool.tools ?? []).flatMap((inner) => toolsOf(inner, tool.name ?? null))
  if (tool.name === undefined) return []
  return [{ name: tool.name, namespace }]
}

type Output = { type: string; id: string } & Record<string, unknown>

function outputOf({ answer }: Told): Output[] {
  const output: Output[] = []
  if (answer.text !== '') {
    const content = [{ type: 'output_text', text: answer.text, annotations: [] }]
    const id = `msg_${randomUUID()}`
    output.push({ type: 'message', id, role: 'assistant', status: 'completed', content })
  }
  if (answer.call !== null) output.push(callItem(answer.call))
  return output
}

function callItem(call: Call): Output {
  const common = {
    call_id: `call_${randomUUID()}`,
    name: call.name,
    status: 'completed',
    ...(call.namespace === null ? {} : { namespace: call.namespace }),
  }
  return 'text' in call
    ? { type: 'custom_tool_call', id: `ctc_${randomUUID()}`, ...common, input: call.text }
    : { type: 'function_call', id: `fc_${randomUUID()}`, ...common, arguments: JSON.stringify(call.input) }
}

function response(told: Told, output: Output[]) {
  const { model, usage } = told
  // OpenAI counts what came from the cache inside of the input.
  const input = usage.input + usage.cacheRead
  return {
    id: `resp_${randomUUID()}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'completed',
    model,
    output,
    error: null,
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: usage.cacheRead },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + usage.output,
    },
  }
}

function whole(told: Told): object {
  return response(told, outputOf(told))
}

function stream(events: EventStream, told: Told & { cut: boolean }): void {
  const output = outputOf(told)
  const complete = response(told, output)
  events.send({
    type: 'response.created',
    response: { ...complete, status: 'in_progress', output: [], usage: null },
  })
  if (told.cut) return
  for (const [index, item] of output.entries()) {
    events.send({
      type: 'response.output_item.added',
      output_index: index,
      item: { ...item, status: 'in_progress' },
    })
    if (item.type === 'message') {
      events.send({
        type: 'response.output_text.delta',
        item_id: item.id,
        output_index: index,
        content_index: 0,
        delta: told.answer.text,
      })
    }
    events.send({ type: 'response.output_item.done', output_index: index, item })
  }
  events.send({ type: 'response.completed', response: complete })
  events.end()
}
