import { describe, expect, test } from 'vitest'
import { AGENT_SETTINGS, type AgentOptions, readAgentConfig } from '../../src/agent/config.ts'
import { KEY } from './loop.ts'

const env = {
  PATH: '/bin',
  HOME: '/home/me',
  MISSION_CONTROL_URL: 'https://mission.example/',
  MISSION_CONTROL_AGENT_KEY: KEY,
  MISSION_CONTROL_AGENT_COMMAND: 'run-agent',
}

function problems(options: AgentOptions, changes: Record<string, string | undefined> = {}) {
  const read = readAgentConfig(options, { ...env, ...changes })
  return read.ok ? [] : read.problems.map(({ name }) => name)
}

describe('the settings of the runner', () => {
  test('defaults fill in what is not given', () => {
    expect(readAgentConfig({}, env)).toEqual({
      ok: true,
      config: {
        url: 'https://mission.example',
        key: KEY,
        name: null,
        driver: { provider: 'command', command: 'run-agent' },
        workDir: '/home/me/.local/state/mission-control/agent',
        maxSessions: 1,
        path: '/bin',
        passEnv: {},
      },
    })
  })

  test('an option wins over its variable', () => {
    const read = readAgentConfig(
      { url: 'http://localhost:3000', maxSessions: '3', passEnv: ['EDITOR'] },
      { ...env, MISSION_CONTROL_AGENT_MAX_SESSIONS: '2', EDITOR: 'ed', XDG_STATE_HOME: '/state' },
    )
    expect(read.ok && read.config).toMatchObject({
      url: 'http://localhost:3000',
      maxSessions: 3,
      passEnv: { EDITOR: 'ed' },
      workDir: '/state/mission-control/agent',
    })
  })

  test('each wrong setting is named with its option, and no secret is repeated', () => {
    const read = readAgentConfig({ name: 'Me' }, { MISSION_CONTROL_AGENT_KEY: 'mc_secret' })
    expect(read.ok).toBe(false)
    expect(JSON.stringify(read)).not.toContain('mc_secret')
    expect(
      problems({ name: 'Me' }, { MISSION_CONTROL_AGENT_KEY: 'mc_secret', MISSION_CONTROL_URL: '' }),
    ).toEqual([
      'MISSION_CONTROL_URL (--url)',
      'MISSION_CONTROL_AGENT_KEY',
      'MISSION_CONTROL_AGENT_NAME (--name)',
    ])
  })

  test.each([
    [{ url: 'mission.example' }, 'MISSION_CONTROL_URL (--url)'],
    [{ url: 'ftp://mission.example' }, 'MISSION_CONTROL_URL (--url)'],
    [{ url: 'https://me:pw@mission.example' }, 'MISSION_CONTROL_URL (--url)'],
    [{ driver: 'claude' }, 'MISSION_CONTROL_AGENT_DRIVER (--driver)'],
    [{ command: ' ' }, 'MISSION_CONTROL_AGENT_COMMAND (--command)'],
    [{ maxSessions: '0' }, 'MISSION_CONTROL_AGENT_MAX_SESSIONS (--max-sessions)'],
    [{ maxSessions: '1e1' }, 'MISSION_CONTROL_AGENT_MAX_SESSIONS (--max-sessions)'],
    [{ passEnv: ['NOT_SET'] }, 'MISSION_CONTROL_AGENT_PASS_ENV (--pass-env): NOT_SET'],
    [
      { passEnv: ['MISSION_CONTROL_AGENT_KEY'] },
      'MISSION_CONTROL_AGENT_PASS_ENV (--pass-env): MISSION_CONTROL_AGENT_KEY',
    ],
    [{ passEnv: ['HOME'] }, 'MISSION_CONTROL_AGENT_PASS_ENV (--pass-env): HOME'],
  ] satisfies [AgentOptions, string][])('%j is refused by name', (options, name) => {
    expect(problems(options)).toEqual([name])
  })

  test.each([
    [
      { driver: 'claude-code', maxTurns: '40', maxCostUsd: '2.50' },
      { ANTHROPIC_API_KEY: 'sk-a', ANTHROPIC_BASE_URL: 'http://model' },
      {
        provider: 'claude-code',
        program: 'claude',
        permissions: 'workspace',
        model: {
          variables: { ANTHROPIC_BASE_URL: 'http://model', ANTHROPIC_API_KEY: 'sk-a' },
          secrets: ['sk-a'],
        },
        maxTurns: 40,
        maxCostUsd: 2.5,
      },
    ],
    [
      { driver: 'codex', program: '/opt/codex', permissions: 'all' },
      { OPENAI_API_KEY: 'sk-o' },
      {
        provider: 'codex',
        program: '/opt/codex',
        permissions: 'all',
        model: { variables: { CODEX_API_KEY: 'sk-o' }, secrets: ['sk-o'] },
        baseUrl: null,
      },
    ],
    [
      { driver: 'claude-code', passEnv: ['CLAUDE_CODE_USE_BEDROCK'] },
      { CLAUDE_CODE_USE_BEDROCK: '1' },
      {
        provider: 'claude-code',
        program: 'claude',
        permissions: 'workspace',
        model: { variables: {}, secrets: [] },
        maxTurns: null,
        maxCostUsd: null,
      },
    ],
  ] satisfies [AgentOptions, Record<string, string>, object][])(
    'the driver gets its program, its limits and its key: %j',
    (options, changes, driver) => {
      const read = readAgentConfig(options, { ...env, MISSION_CONTROL_AGENT_COMMAND: undefined, ...changes })
      expect(read).toMatchObject({ ok: true, config: { driver } })
    },
  )

  test.each([
    [{ driver: 'claude-code' }, { ANTHROPIC_API_KEY: '' }, 'ANTHROPIC_API_KEY'],
    [{ driver: 'codex' }, {}, 'CODEX_API_KEY'],
    [
      { driver: 'codex', maxTurns: '3' },
      { CODEX_API_KEY: 'k' },
      'MISSION_CONTROL_AGENT_MAX_TURNS (--max-turns)',
    ],
    [{ driver: 'codex', command: 'x' }, { CODEX_API_KEY: 'k' }, 'MISSION_CONTROL_AGENT_COMMAND (--command)'],
    [
      { driver: 'claude-code', permissions: 'some' },
      { ANTHROPIC_API_KEY: 'k' },
      'MISSION_CONTROL_AGENT_PERMISSIONS (--permissions)',
    ],
    [
      { driver: 'claude-code', maxCostUsd: '-1' },
      { ANTHROPIC_API_KEY: 'k' },
      'MISSION_CONTROL_AGENT_MAX_COST_USD (--max-cost-usd)',
    ],
    [{ driver: 'command', program: 'claude', command: 'x' }, {}, 'MISSION_CONTROL_AGENT_PROGRAM (--program)'],
    [{ driver: 'command' }, {}, 'MISSION_CONTROL_AGENT_COMMAND (--command)'],
  ] satisfies [AgentOptions, Record<string, string>, string][])(
    'what a driver lacks or has no use for is refused by name: %j',
    (options, changes, name) => {
      expect(problems(options, { MISSION_CONTROL_AGENT_COMMAND: undefined, ...changes })).toEqual([name])
    },
  )

  test('a work directory is asked for when there is no HOME', () => {
    expect(problems({}, { HOME: undefined })).toEqual([
      `${AGENT_SETTINGS.workDir.variable} (${AGENT_SETTINGS.workDir.option})`,
    ])
  })
})
