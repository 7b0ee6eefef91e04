import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BRANCH, Loop } from '../loop.ts'
import { goldenFile } from './golden.ts'
import { PLAYER } from './rigs.ts'

const MODEL_KEY = 'sk-ant-api03-0123456789'

/** A program that plays a recording and runs a line of shell before it. */
async function program(scenario: string, line = 'true'): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mc-program-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'claude')
  const play = `exec ${process.execPath} ${PLAYER} ${goldenFile('claude-code', scenario)} ${directory}/call.json plain "$@"`
  await writeFile(path, `#!/bin/sh\n${line}\n${play}\n`, { mode: 0o755 })
  return path
}

const env = { ANTHROPIC_API_KEY: MODEL_KEY }
const withProgram = (path: string) => ({ command: undefined, driver: 'claude-code', program: path })

describe('a runner with the driver of a real program', () => {
  test('pushes what the program committed and reports what it said and spent', async () => {
    const loop = await Loop.start()
    const options = withProgram(await program('success'))
    const report = await loop.complete('', { options, env })
    expect(report).toMatchObject({ outcome: 'pull_request', summary: 'The greeting is there.' })
    expect(report.usage.tokens).toEqual({ input: 2_000, output: 200, cacheRead: 400, cacheWrite: 100 })
    expect(report.usage.costUsd).toBeGreaterThan(0)
    expect(await loop.remote.show(BRANCH, 'greeting.txt')).toBe('hello')
  })

  test('hands the key of the model to the program and to nothing else, and does not repeat it', async () => {
    const loop = await Loop.start()
    const options = withProgram(
      await program('unauthorized', 'echo "$ANTHROPIC_API_KEY" > seen.txt; echo "$ANTHROPIC_API_KEY"'),
    )
    const setup = 'if env | grep -q ANTHROPIC; then exit 9; fi'
    const report = await loop.complete('', { options, env, workspace: { setup } })
    expect(report.outcome).toBe('failed')
    expect(report.summary).toContain('does not accept the key of this agent')
    expect(report.summary).toContain('[redacted]')
    expect(JSON.stringify(loop.server.all('progress'))).not.toContain(MODEL_KEY)
    expect(report.summary).not.toContain(MODEL_KEY)
    expect(await loop.remote.show(BRANCH, 'seen.txt')).toBe(MODEL_KEY)
  })

  test('tells until when the task has to wait when the allowance is spent', async () => {
    const loop = await Loop.start()
    const options = withProgram(await program('usage-limit'))
    const report = await loop.complete('', { options, env })
    expect(report.outcome).toBe('out_of_credit')
    expect(new Date(report.resetsAt ?? 0).getTime()).toBeGreaterThan(Date.now())
    expect(report.summary).toMatch(/allowance at the provider of the model is spent, until 20/)
  })

  test('does not start when the program is missing, and says how to get it', async () => {
    const loop = await Loop.start()
    const runner = await loop.runner('', { options: withProgram('/nonexistent/claude'), env })
    const end = await runner.stopped
    expect(end).toMatchObject({ code: 'program_missing', exitCode: 69 })
    expect(end.message).toContain('npm install --global @anthropic-ai/claude-code@')
  })
})
