import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ProgramProvider } from '../../src/agent/drivers/programs.ts'
import { findStrays } from '../../src/agent/strays.ts'
import type { ScriptInput } from '../../src/local-model/script.ts'
import { type LocalModel, startLocalModel } from '../../src/local-model/server.ts'
import type { AgentProcess } from '../harness/agent-process.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'
import { installed } from './installed.ts'

let world: World
beforeAll(async () => {
  world = await createWorld({
    patience: 60,
    files: { '.github/mission-control.yml': 'workspace:\n  verify: test -f answer.txt\n' },
  })
})
afterEach(() => world.dismissAgents())
afterAll(() => world.stop())

const WORK: ScriptInput = [
  {
    steps: [
      { text: 'I write the answer.', shell: 'echo 42 > answer.txt' },
      { text: 'The answer is 42 now.' },
    ],
  },
]
let serial = 0

type Story = { number: number; model: LocalModel; agent: AgentProcess; left(): Promise<number[]> }

/** An issue that a runner with the real program works on, and a model that plays a script to it. */
async function begin(
  provider: ProgramProvider,
  script: ScriptInput,
  options: { program?: string; plan?: boolean } = {},
): Promise<Story> {
  const model = await startLocalModel(script)
  onTestFinished(() => model.stop())
  const mark = `mark-${process.pid}-${serial++}`
  const claudeKey = options.plan
    ? { CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-x' }
    : { ANTHROPIC_API_KEY: 'sk-x' }
  const env: Record<string, string> =
    provider === 'codex'
      ? { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: `${model.url}/v1` }
      : { ...claudeKey, ANTHROPIC_BASE_URL: model.url }
  const program = options.program ?? installed(provider)
  const args = ['--driver', provider, '--program', program, '--pass-env', 'STORY']
  const agent = await world.agentProcess(
    `${provider}-${serial}`,
    { args, env: { ...env, STORY: mark } },
    { provider },
  )
  const number = await world.openIssue({ title: `Story ${serial} with ${provider}` })
  await world.process(number)
  const left = async () => (await findStrays(`STORY=${mark}`)).filter((pid) => pid !== agent.process.pid)
  return { number, model, agent, left }
}

/** The working model's last session of a task. */
async function lastSession(number: number) {
  const session = (await world.sessions(number)).at(-1)
  if (session === undefined) throw new Error(`#${number} has no session`)
  return session
}

async function gone(story: Story): Promise<void> {
  await until('nothing of the program is left', async () => (await story.left()).length === 0)
}

describe.each(['claude-code', 'codex'] as const)('the loop with the real %s', (provider) => {
  test('goes from the label to the pull request, with what was spent', async () => {
    const story = await begin(provider, WORK)
    const task = await world.reach(story.number, 'review', (now) => now.pullRequestNumber !== null)
    const pull = await world.maintainer.call('GET', `/pulls/${task.pullRequestNumber}`)
    expect(pull.body).toContain('The answer is 42 now.')
    const files = await world.maintainer.call('GET', `/pulls/${task.pullRequestNumber}/files`)
    expect(JSON.stringify(files)).toContain('answer.txt')
    const session = await lastSession(story.number)
    expect(session).toMatchObject({ status: 'completed', tokensInput: 2_000, tokensOutput: 200 })
    expect(story.model.requests[0]?.conversation.user).toContain(`Story`)
    await gone(story)
  })

  test('parks the task when the credit is spent', async () => {
    const story = await begin(provider, [{ steps: [{ fault: 'out-of-credit', repeat: true }] }])
    const task = await world.reach(story.number, 'paused')
    expect(task.pauseReason).toBe('credits')
    expect(task.attempts).toBe(0)
  })

  test('parks the task until the allowance is renewed when a limit is reached', async () => {
    const story = await begin(provider, [{ steps: [{ fault: 'usage-limit', repeat: true }] }], { plan: true })
    const task = await world.reach(story.number, 'paused')
    expect(task.pauseReason).toBe('credits')
    const wait = (task.wakeAt?.getTime() ?? 0) - Date.now()
    expect(wait).toBeGreaterThan(55 * 60_000)
    expect(wait).toBeLessThan(61 * 60_000)
  })

  test('tries again when the provider was overloaded', async () => {
    const story = await begin(provider, [{ steps: [{ fault: 'overloaded', repeat: true }] }])
    await until(
      'the first attempt failed',
      async () => (await world.sessions(story.number))[0]?.status === 'failed',
      60,
    )
    story.model.play(WORK)
    await world.reach(story.number, 'review', (now) => now.pullRequestNumber !== null)
  })

  test('comes to its pull request when garbage stands between the lines', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mc-noisy-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const program = join(directory, 'noisy')
    const line = `${installed(provider)} "$@" | while IFS= read -r line; do echo 'npm warn {'; printf '%s\\n{"type":\\n' "$line"; done`
    await writeFile(program, `#!/bin/sh\n${line}\n`, { mode: 0o755 })
    const story = await begin(provider, WORK, { program })
    await world.reach(story.number, 'review', (now) => now.pullRequestNumber !== null)
  })

  test.each([
    ['hangs', [{ steps: [{ fault: 'hang', repeat: true }] }], '/cancel', 'cancelled'],
    ['works', [{ steps: [{ shell: 'echo 42 > answer.txt; tail -f /dev/null' }] }], '/pause', 'paused'],
  ] satisfies [string, ScriptInput, string, string][])(
    'ends the program and all it started when it %s and a maintainer says stop',
    async (_how, script, command, status) => {
      const story = await begin(provider, script)
      await until('the model is asked', () => story.model.requests.length > 0)
      await until('the program runs', async () => (await story.left()).length > 0)
      await world.maintainer.call('POST', `/issues/${story.number}/comments`, { body: command })
      await world.reach(story.number, status as 'cancelled' | 'paused')
      await until('the session ended', async () =>
        ['cancelled', 'paused'].includes((await lastSession(story.number)).status),
      )
      await gone(story)
    },
  )

  test('leaves no process when the program’s shell left some behind', async () => {
    const shell =
      'echo 42 > answer.txt; setsid -f sleep 600 > /dev/null 2>&1; nohup sleep 601 > /dev/null 2>&1 &'
    const story = await begin(provider, [{ steps: [{ shell }, { text: 'Done.' }] }])
    await world.reach(story.number, 'review', (now) => now.pullRequestNumber !== null)
    await gone(story)
  })
})
