import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../../harness/wait.ts'
import { driverSession, PROMPT } from './driver-session.ts'
import { MODEL_KEY } from './driver-under-test.ts'
import { expectResult } from './expectation.ts'
import { callFile, programCall, replay } from './rigs.ts'
import { scenariosOf } from './scenarios.ts'

describe.each(['claude-code', 'codex'] as const)('recorded runs of %s', (provider) => {
  test.each(scenariosOf(provider))('come to what the real program comes to: %s', async (name, scenario) => {
    const session = await driverSession()
    const working = session.work(await replay(provider, session, name))
    if (scenario.stopWhen !== undefined) {
      if (scenario.stopWhen === '') await until('it runs', () => existsSync(callFile(session)))
      else await session.told(scenario.stopWhen)
      session.halt.request('cancel')
    }
    expectResult(provider, await working, scenario.expected)
  })

  test('it is called with the prompt, the session’s own home and the key for itself alone', async () => {
    const session = await driverSession()
    const driver = await replay(provider, session, 'success')
    await session.work(driver, 'some-model')
    const { args, environment, input, directory } = await programCall(session)
    expect(input).toBe(PROMPT)
    expect(directory).toBe(session.repo)
    expect(args).toContain('--model=some-model')
    expect(args.join(' ')).not.toContain(MODEL_KEY)
    const { HOME, CLAUDE_CONFIG_DIR = '', CODEX_HOME = '', MISSION_CONTROL_USAGE_FILE } = environment
    expect(HOME).toBe(session.home)
    expect(`${CLAUDE_CONFIG_DIR}${CODEX_HOME}`).toMatch(new RegExp(`^${session.directory}/(claude|codex)$`))
    expect(MISSION_CONTROL_USAGE_FILE).toBe(join(session.directory, 'tmp', 'report.json'))
    expect(Object.values(environment).filter((value) => value === MODEL_KEY)).toHaveLength(1)
    expect(driver.secrets).toEqual([MODEL_KEY])
  })

  test('its own report decides what becomes of the work when the model writes one', async () => {
    const session = await driverSession()
    const report = { outcome: 'result', title: 'Why', summary: 'Because.', tokens: { input: 1 } }
    await writeFile(join(session.directory, 'tmp', 'report.json'), JSON.stringify(report))
    const result = await session.work(await replay(provider, session, 'success'))
    expect(result.report).toEqual({ outcome: 'result', title: 'Why', summary: 'Because.' })
    expect(result.usage?.tokens.input).toBe(2_000)
  })

  test('the work fails with the mistake when the model’s report is not one', async () => {
    const session = await driverSession()
    await writeFile(join(session.directory, 'tmp', 'report.json'), '{"outcome":"victory"}')
    const { failure } = await session.work(await replay(provider, session, 'success'))
    expect(failure).toContain('outcome')
  })

  test('what is left of an allowance decides the time when the program names it', async () => {
    const session = await driverSession()
    const before = Date.now()
    const { report } = await session.work(await replay(provider, session, 'usage-limit'))
    const wait = new Date(report.resetsAt ?? 0).getTime() - before
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThan(24 * 3_600_000)
  })
})

describe('what codex notes in its own home', () => {
  const note = (input: number, resetsAt: number | null) =>
    JSON.stringify({
      type: 'event_msg',
      payload: {
        type: 'token_count',
        info: { total_token_usage: { input_tokens: input, cached_input_tokens: 400, output_tokens: 50 } },
        rate_limits: resetsAt && { primary: { used_percent: 100, resets_at: resetsAt }, secondary: null },
      },
    })

  test('is the usage of a run that was stopped before it told any', async () => {
    const session = await driverSession()
    const sessions = join(session.directory, 'codex', 'sessions', '2026')
    await mkdir(sessions, { recursive: true })
    await writeFile(
      join(sessions, 'rollout-1.jsonl'),
      `garbage "token_count"\n${note(900, null)}\n${note(1_400, null)}\n{"half`,
    )
    const working = session.work(await replay('codex', session, 'stopped'))
    await session.told('I wait now.')
    session.halt.request('cancel')
    const tokens = { input: 1_000, output: 50, cacheRead: 400, cacheWrite: 0 }
    expect((await working).usage).toEqual({ tokens, costUsd: null, model: null })
    expect(session.events).toContainEqual({ type: 'usage', usage: { tokens, costUsd: null, model: null } })
  })

  test('is the exact time at which the allowance is renewed', async () => {
    const session = await driverSession()
    const sessions = join(session.directory, 'codex', 'sessions')
    await mkdir(sessions, { recursive: true })
    const resetsAt = Math.floor(Date.now() / 1000) + 1_234
    await writeFile(join(sessions, 'rollout-1.jsonl'), `${note(900, resetsAt)}\n`)
    const { report } = await session.work(await replay('codex', session, 'usage-limit'))
    expect(report.resetsAt).toBe(new Date(resetsAt * 1000).toISOString())
  })
})
