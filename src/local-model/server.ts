import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messages } from './anthropic/messages.ts'
import type { Conversation } from './conversation.ts'
import { openEventStream } from './event-stream.ts'
import { responses } from './openai/responses.ts'
import type { Protocol, Told } from './protocol.ts'
import { chooseStep, NOTHING_TO_SAY, Script, type ScriptInput, type Step } from './script.ts'
import { shellCall } from './shell-call.ts'

/** What was asked, and how it was answered. */
export type ModelRequest = {
  path: string
  model: string
  /** The key that the client sent, or null. */
  key: string | null
  tools: readonly string[]
  step: Step
  conversation: Conversation
}

export type LocalModel = {
  /** Without a path: Anthropic's clients want this, OpenAI's want `/v1` at its end. */
  readonly url: string
  readonly requests: readonly ModelRequest[]
  /** Plays another script from the next request on. */
  play(script: ScriptInput): void
  stop(): Promise<void>
}

const PROTOCOLS: readonly Protocol[] = [messages, responses]
/** A long conversation with a large context stays far below. */
const LARGEST_BODY_BYTES = 32 * 1024 * 1024
const GARBAGE = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\u0000{"type": not an event\n\n'

/**
 * A server that speaks the protocols of model providers and plays a script, so that agents' real programs work with no
 * model and no account. On 127.0.0.1, on a free port.
 */
export async function startLocalModel(script: ScriptInput): Promise<LocalModel> {
  let playing = Script.parse(script)
  const requests: ModelRequest[] = []
  const server = createServer((request, response) => {
    answer(request, response, { script: playing, requests }).catch((error: unknown) => {
      // A client that went away cannot be told; anybody else learns what the script or the request got wrong.
      if (response.headersSent || response.destroyed) response.destroy()
      else reply(response, 400, { error: { message: String(error) } })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    play(next) {
      playing = Script.parse(next)
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

type State = { script: Script; requests: ModelRequest[] }

async function answer(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const protocol = PROTOCOLS.find(({ path }) => path === pathname)
  if (request.method === 'HEAD') return reply(response, 200, {})
  if (request.method === 'GET' && pathname === '/v1/models')
    return reply(response, 200, { data: [], models: [] })
  if (protocol === undefined || request.method !== 'POST') {
    return reply(response, 404, {
      error: { message: `the local model has no ${request.method} ${pathname}` },
    })
  }
  const conversation = protocol.read(JSON.parse(await readBody(request)))
  // A question aside, such as for a title: it is no turn of the work.
  const aside = conversation.tools.length === 0
  const step = aside ? NOTHING_TO_SAY : chooseStep(state.script, conversation)
  const tools = conversation.tools.map(({ name }) => name)
  const { model } = conversation
  state.requests.push({ path: pathname, model, key: keyOf(request), tools, step, conversation })
  play(protocol, conversation, step, response)
}

function play(protocol: Protocol, conversation: Conversation, step: Step, response: ServerResponse): void {
  const { fault } = step
  if (fault === 'hang') return
  if (fault === 'garbage') {
    response.socket?.end(GARBAGE)
    return
  }
  if (fault !== undefined && fault !== 'cut') {
    const { status, headers, body } = protocol.refuse(fault, new Date())
    reply(response, status, body, headers)
    return
  }
  const cut = fault === 'cut'
  const call = step.shell === undefined ? null : shellCall(step.shell, conversation.tools)
  const text = step.text ?? (call === null ? 'ok' : '')
  const told: Told = { model: conversation.model, answer: { text, call }, usage: step.usage }
  if (conversation.stream) protocol.stream(openEventStream(response), { ...told, cut })
  else if (!cut) reply(response, 200, protocol.whole(told))
  if (cut) response.socket?.destroySoon()
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY_BYTES) throw new Error(`the body is larger than ${LARGEST_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function keyOf({ headers }: IncomingMessage): string | null {
  const key = headers['x-api-key']
  if (typeof key === 'string') return key
  return headers.authorization?.replace(/^Bearer /, '') ?? null
}

function reply(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
