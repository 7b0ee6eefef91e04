import { describe, expect, onTestFinished, test } from 'vitest'
import { FAULTS, type ScriptInput } from '../../src/local-model/script.ts'
import { type LocalModel, startLocalModel } from '../../src/local-model/server.ts'

async function started(script: ScriptInput): Promise<LocalModel> {
  const model = await startLocalModel(script)
  onTestFinished(() => model.stop())
  return model
}

function post(model: LocalModel, path: string, body: object): Promise<Response> {
  return fetch(`${model.url}${path}`, {
    method: 'POST',
    headers: { 'x-api-key': 'k1' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
}

type Anthropic = { content: { text: string }[]; stop_reason: string }
type OpenAi = { output: { input: string; content: { text: string }[] }[] }

async function ask<Answer>(...call: Parameters<typeof post>): Promise<Answer> {
  return (await (await post(...call)).json()) as Answer
}

const BASH = [{ name: 'Bash', input_schema: { type: 'object' } }]
const user = (content: string) => ({ role: 'user', content })
const assistant = { role: 'assistant', content: [{ type: 'text', text: 'said' }] }
const messages = (...turns: object[]) => ({ model: 'm', messages: turns, tools: BASH })

const EXEC = { type: 'function', name: 'exec_command', parameters: { type: 'object' } }
const input = (...items: object[]) => ({ model: 'm', input: items, tools: [EXEC] })
const asked = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'please' }] }

/** The names of the events of a stream. */
async function eventsOf(response: Response): Promise<string[]> {
  return [...(await response.text()).matchAll(/^event: (.+)$/gm)].map(([, name]) => name ?? '')
}

describe('the script', () => {
  test('is played step by step, by the number of answers in the conversation', async () => {
    const model = await started([{ steps: [{ text: 'one' }, { text: 'two', repeat: true }] }])
    const said = async (...turns: object[]) =>
      (await ask<Anthropic>(model, '/v1/messages', messages(...turns))).content[0]?.text
    expect(await said(user('a'))).toBe('one')
    expect(await said(user('a'))).toBe('one')
    expect(await said(user('a'), assistant, user('b'))).toBe('two')
    expect(await said(user('a'), assistant, user('b'), assistant, user('c'))).toBe('two')
  })

  test('is chosen by what the user said', async () => {
    const model = await started([{ when: 'red', steps: [{ text: 'R' }] }, { steps: [{ text: 'other' }] }])
    const said = async (text: string) =>
      (await ask<Anthropic>(model, '/v1/messages', messages(user(text)))).content[0]?.text
    expect([await said('make it red'), await said('make it blue')]).toEqual(['R', 'other'])
  })

  test('is not touched by a request without tools', async () => {
    const model = await started([{ steps: [{ shell: 'true' }] }])
    const answer = await ask<Anthropic>(model, '/v1/messages', { model: 'm', messages: [user('a title?')] })
    expect(answer.content).toEqual([{ type: 'text', text: 'ok' }])
  })

  test('is refused when it is not one', async () => {
    await expect(startLocalModel([{ steps: [] }])).rejects.toThrow()
  })
})

describe('the protocols', () => {
  test('a command is a call of Bash over Messages', async () => {
    const model = await started([{ steps: [{ shell: 'ls' }] }])
    const answer = await ask<Anthropic>(model, '/v1/messages', messages(user('x')))
    expect(answer).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ name: 'Bash', input: { command: 'ls' } }],
    })
    expect(model.requests[0]).toMatchObject({ path: '/v1/messages', key: 'k1', tools: ['Bash'] })
  })

  test('an answer is streamed in Anthropic’s events', async () => {
    const model = await started([{ steps: [{ text: 'hello' }] }])
    const response = await post(model, '/v1/messages', { ...messages(user('x')), stream: true })
    const block = ['content_block_start', 'content_block_delta', 'content_block_stop']
    expect(await eventsOf(response)).toEqual(['message_start', ...block, 'message_delta', 'message_stop'])
  })

  test('a command is a call of exec_command over Responses', async () => {
    const model = await started([{ steps: [{ shell: 'ls' }] }])
    const { output } = await ask<OpenAi>(model, '/v1/responses', input(asked))
    expect(output).toMatchObject([{ type: 'function_call', name: 'exec_command', arguments: '{"cmd":"ls"}' }])
  })

  test('a command is a program when the client’s tools stand in the input', async () => {
    const model = await started([{ steps: [{ shell: 'ls' }] }])
    const exec = { type: 'custom', name: 'exec' }
    const tools = {
      type: 'additional_tools',
      tools: [{ type: 'namespace', name: 'functions', tools: [exec] }],
    }
    const { output } = await ask<OpenAi>(model, '/v1/responses', { model: 'm', input: [tools, asked] })
    expect(output).toMatchObject([{ type: 'custom_tool_call', name: 'exec', namespace: 'functions' }])
    expect(output[0]?.input).toContain('exec_command({cmd: "ls"})')
  })

  test('a message and a call are one answer over Responses', async () => {
    const model = await started([{ steps: [{ text: 'a', shell: 'ls' }, { text: 'second' }] }])
    const said = { type: 'message', role: 'assistant', content: [] }
    const call = { type: 'function_call', name: 'exec_command' }
    const done = { type: 'function_call_output', output: 'x' }
    const { output } = await ask<OpenAi>(model, '/v1/responses', input(asked, said, call, done))
    expect(output[0]?.content[0]?.text).toBe('second')
  })

  test('an answer is streamed in OpenAI’s events, with the cache inside of the input', async () => {
    const model = await started([{ steps: [{ text: 'hello' }] }])
    const response = await post(model, '/v1/responses', { ...input(asked), stream: true })
    const text = await response.clone().text()
    expect(text).toContain('"input_tokens":1200,"input_tokens_details":{"cached_tokens":200}')
    expect((await eventsOf(response)).at(-1)).toBe('response.completed')
  })

  test('what it does not speak is answered 404, and a broken body 400', async () => {
    const model = await started([{ steps: [{ text: 'x' }] }])
    expect((await post(model, '/v1/embeddings', {})).status).toBe(404)
    expect((await post(model, '/v1/messages', { model: 1 })).status).toBe(400)
  })
})

describe('the faults', () => {
  const STATUS = {
    '/v1/messages': [429, 429, 400, 529, 500, 401],
    '/v1/responses': [429, 429, 429, 503, 500, 401],
  }
  test.each(['/v1/messages', '/v1/responses'] as const)(
    'are said with the provider’s status: %s',
    async (path) => {
      const spoken = FAULTS.filter((fault) => !['hang', 'cut', 'garbage'].includes(fault))
      const seen = []
      for (const fault of spoken) {
        const model = await started([{ steps: [{ fault }] }])
        const body = path === '/v1/messages' ? messages(user('x')) : input(asked)
        const response = await post(model, path, body)
        expect(((await response.json()) as { error: { message: unknown } }).error.message).toEqual(
          expect.any(String),
        )
        seen.push(response.status)
      }
      expect(seen).toEqual(STATUS[path])
    },
  )

  test('an answer stops in the middle when the stream is cut', async () => {
    const model = await started([{ steps: [{ text: 'hello', fault: 'cut' }] }])
    const response = await post(model, '/v1/messages', { ...messages(user('x')), stream: true })
    await expect(response.text()).rejects.toThrow()
  })

  test('nothing is answered when it hangs, and stopping it ends that', async () => {
    const model = await startLocalModel([{ steps: [{ fault: 'hang' }] }])
    const response = post(model, '/v1/messages', messages(user('x')))
    const ended = expect(response).rejects.toThrow()
    await expect.poll(() => model.requests.length).toBe(1)
    await model.stop()
    await ended
  })

  test('what comes is no event when it is garbage', async () => {
    const model = await started([{ steps: [{ fault: 'garbage' }] }])
    const response = await post(model, '/v1/messages', { ...messages(user('x')), stream: true })
    expect(await eventsOf(response)).toEqual([])
  })
})
