import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CLI, missionControl } from './run.ts'

describe('the demo with the program of a driver', () => {
  test.each([
    ['claude-code', 'claude', '@anthropic-ai/claude-code'],
    ['codex', 'codex', '@openai/codex'],
  ])('says how to install it, and starts nothing, when it is missing: %s', async (driver, command, name) => {
    const { status, stdout, stderr } = await missionControl(['demo', '--agent', driver, '--exit'], {
      PATH: '/nonexistent',
    })
    expect(stderr).toMatch(
      new RegExp(
        `^The program ${command} is neither in PATH nor in /nonexistent/.cache/.*npm install --global ${name}@`,
      ),
    )
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' })
  })

  test('is refused by name when the driver is none', async () => {
    const { status, stderr } = await missionControl(['demo', '--agent', 'gemini'])
    expect(status).not.toBe(0)
    expect(stderr).toContain('claude-code')
  })
})

describe('the demo', () => {
  test('ends and removes everything when nobody reads its output any more', {
    timeout: 120_000,
  }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mc-demo-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    await chmod(directory, 0o711) // below root PostgreSQL runs as another user
    const env = { PATH: process.env.PATH, HOME: directory, TMPDIR: directory }
    const demo = spawn(process.execPath, [CLI, 'demo', '--json'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    onTestFinished(() => void demo.kill())
    const exited = once(demo, 'exit')
    await once(demo.stdout, 'data')
    demo.stdout.destroy()
    expect(await exited).toEqual([130, null])
    expect((await readdir(directory)).filter((name) => name.startsWith('mission-control-demo-'))).toEqual([])
  })
})
