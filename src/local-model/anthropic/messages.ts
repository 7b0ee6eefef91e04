import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Conversation } from '../conversation.ts'
import type { EventStream } from '../event-stream.ts'
import type { Protocol, Told } from '../protocol.ts'
import { refuseAnthropic } from './refusals.ts'

const Text = z.looseObject({ type: z.literal('text'), text: z.string() })
const Other = z.looseObject({ type: z.string() })
const Content = z.union([z.string(), z.array(z.union([Text, Other]))])

const Body = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string(), content: Content })),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
})

/** Anthropic's Messages API, as Claude Code speaks it. */
export const messages: Protocol = { path: '/v1/messages', read, stream, whole, refuse: refuseAnthropic }

function read(value: unknown): Conversation {
  const body = Body.parse(value)
  const user = body.messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content))
  return {
    model: body.model,
    stream: body.stream,
    user: user.join('\n'),
    answers: body.messages.filter(({ role }) => role === 'assistant').length,
    tools: body.tools.map(({ name }) => ({ name, namespace: null })),
  }
}

function textOf(content: z.infer<typeof Content>): string {
  if (typeof content === 'string') return content
  return content.map((part) => (typeof part.text === 'string' ? part.text : '')).join('\n')
}

function message({ model, answer, usage }: Told) {
  const content: object[] = []
  if (answer.text !== '') content.push({ type: 'text', text: answer.text })
  if (answer.call !== null) {
    const input = 'input' in answer.call ? answer.call.input : { text: answer.call.text }
    content.push({ type: 'tool_use', id: `toolu_${randomUUID()}`, name: answer.call.name, input })
  }
  return {
    id: `msg_${randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: answer.call === null ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: {
      input_tokens: usage.input,
      cache_creation_input_tokens: usage.cacheWrite,
      cache_read_input_tokens: usage.cacheRead,
      output_tokens: usage.output,
    },
  }
}

function whole(told: Told): object {
  return message(told)
}

function stream(events: EventStream, told: Told & { cut: boolean }): void {
  const { content, stop_reason, usage, ...rest } = message(told)
  const begun = { ...rest, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } }
  events.send({ type: 'message_start', message: begun })
  for (const [index, block] of content.entries()) {
    const { begin, delta } = pieces(block)
    events.send({ type: 'content_block_start', index, content_block: begin })
    if (told.cut) return
    events.send({ type: 'content_block_delta', index, delta })
    events.send({ type: 'content_block_stop', index })
  }
  events.send({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage })
  events.send({ type: 'message_stop' })
  events.end()
}

function pieces(block: object): { begin: object; delta: object } {
  if ('text' in block)
    return { begin: { ...block, text: '' }, delta: { type: 'text_delta', text: block.text } }
  const input = 'input' in block ? block.input : {}
  return {
    begin: { ...block, input: {} },
    delta: { type: 'input_json_delta', partial_json: JSON.stringify(input) },
  }
}
