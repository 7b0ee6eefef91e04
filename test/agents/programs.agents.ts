import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ProgramProvider } from '../../src/agent/drivers/programs.ts'
import { findStrays } from '../../src/agent/strays.ts'
import { type LocalModel, startLocalModel } from '../../src/local-model/server.ts'
import { driverSession } from '../agent/drivers/driver-session.ts'
import { driverUnderTest, MODEL_KEY } from '../agent/drivers/driver-under-test.ts'
import { expectResult } from '../agent/drivers/expectation.ts'
import { goldenFile } from '../agent/drivers/golden.ts'
import { type Scenario, scenariosOf } from '../agent/drivers/scenarios.ts'
import { formatRecording, parseRecording } from '../agent/drivers/transcript-file.ts'
import { until } from '../harness/wait.ts'
import { installed } from './installed.ts'
import { scrub } from './scrub.ts'

const RECORDER = fileURLToPath(new URL('./record-program.ts', import.meta.url))
const UPDATE = process.env.UPDATE_GOLDEN === '1'

async function model(scenario: Pick<Scenario, 'script'>): Promise<LocalModel> {
  const local = await startLocalModel(scenario.script)
  onTestFinished(() => local.stop())
  return local
}

/** The real program behind a recorder. */
async function recorded(provider: ProgramProvider, directory: string) {
  const program = join(directory, 'recorded')
  const file = join(directory, 'recording.txt')
  const line = `#!/bin/sh\nexec ${process.execPath} ${RECORDER} ${file} ${installed(provider)} "$@"\n`
  await writeFile(program, line, { mode: 0o755 })
  return { program, file }
}

async function keep(
  provider: ProgramProvider,
  name: string,
  scenario: Scenario,
  run: { file: string; directory: string },
) {
  const recording = parseRecording(scrub(await readFile(run.file, 'utf8'), run.directory))
  if (scenario.does !== undefined) recording.lines.unshift({ kind: 'do', text: scenario.does })
  const golden = goldenFile(provider, name)
  await mkdir(dirname(golden), { recursive: true })
  await writeFile(golden, formatRecording(recording))
}

describe.each(['claude-code', 'codex'] as const)('the real %s', (provider) => {
  test.each(scenariosOf(provider))('comes to what its recording comes to: %s', async (name, scenario) => {
    const local = await model(scenario)
    const session = await driverSession({ graceMs: 5_000 })
    const { program, file } = await recorded(provider, session.directory)
    const { plan, maxTurns, stopWhen } = scenario
    const working = session.work(driverUnderTest(provider, { program, modelUrl: local.url, plan, maxTurns }))
    if (stopWhen !== undefined) {
      if (stopWhen === '') await until('the model is asked', () => local.requests.length > 0)
      else await session.told(stopWhen)
      session.halt.request('cancel')
    }
    const result = await working
    expectResult(provider, result, scenario.expected)
    expect(await findStrays(`HOME=${session.home}`)).toEqual([])
    if (scenario.does !== undefined)
      expect(await session.git('log', '-1', '--format=%s')).toBe('Greet people')
    if (UPDATE) await keep(provider, name, scenario, { file, directory: session.directory })
  })

  test('is asked with the prompt, the key and nothing of the repository’s own instructions', async () => {
    const local = await model({ script: [{ steps: [{ text: 'Done.' }] }] })
    const session = await driverSession()
    for (const name of ['CLAUDE.md', 'AGENTS.md'])
      await writeFile(join(session.repo, name), 'OF THE REPOSITORY')
    await session.work(driverUnderTest(provider, { program: installed(provider), modelUrl: local.url }))
    const [request] = local.requests
    expect(request?.key).toBe(MODEL_KEY)
    expect(request?.conversation.user).toContain('# Add a greeting')
    expect(JSON.stringify(local.requests)).not.toContain('OF THE REPOSITORY')
  })

  test('reads no file that the text of an issue mentions', async () => {
    const local = await model({ script: [{ steps: [{ text: 'Done.' }] }] })
    const session = await driverSession()
    const secret = join(session.directory, 'secret.txt')
    await writeFile(secret, 'TOP SECRET')
    await writeFile(join(session.directory, 'prompt.md'), `# Add a greeting\n\nSee @${secret} for more.\n`)
    await session.work(driverUnderTest(provider, { program: installed(provider), modelUrl: local.url }))
    expect(local.requests.length).toBeGreaterThan(0)
    expect(JSON.stringify(local.requests)).not.toContain('TOP SECRET')
  })

  test('leaves nothing running when its shell started processes that detach themselves', async () => {
    const shell = 'setsid -f sleep 600 > /dev/null 2>&1; nohup sleep 601 > /dev/null 2>&1 & echo left'
    const local = await model({ script: [{ steps: [{ shell }, { text: 'Done.' }] }] })
    const session = await driverSession()
    const driver = driverUnderTest(provider, { program: installed(provider), modelUrl: local.url })
    expect((await session.work(driver)).failure).toBeNull()
    expect(await findStrays(`HOME=${session.home}`)).toEqual([])
  })

  test('asks a question when the model writes it into its report', async () => {
    const report = '{"outcome":"needs_clarification","question":"Which greeting?"}'
    const shell = `printf %s '${report}' > "$MISSION_CONTROL_USAGE_FILE"`
    const local = await model({ script: [{ steps: [{ shell }, { text: 'I asked.' }] }] })
    const session = await driverSession()
    const driver = driverUnderTest(provider, { program: installed(provider), modelUrl: local.url })
    expect((await session.work(driver)).report).toMatchObject({
      outcome: 'needs_clarification',
      question: 'Which greeting?',
    })
  })

  test('works without its own limits when the operator permits all', async () => {
    const session = await driverSession()
    const outside = join(session.directory, 'outside.txt')
    const local = await model({
      script: [{ steps: [{ shell: `echo out > ${outside}` }, { text: 'Done.' }] }],
    })
    const options = { program: installed(provider), modelUrl: local.url, permissions: 'all' } as const
    expect((await session.work(driverUnderTest(provider, options))).failure).toBeNull()
    expect(await readFile(outside, 'utf8')).toBe('out\n')
  })
})

describe('the sandbox of the real codex', () => {
  test('keeps commands inside of the working copy and away from the key', async () => {
    const session = await driverSession()
    const outside = join(session.directory, 'outside.txt')
    const shell = `echo out > ${outside}; env > env.txt; cat /proc/*/environ >> env.txt; true`
    const local = await model({ script: [{ steps: [{ shell }, { text: 'Done.' }] }] })
    await session.work(driverUnderTest('codex', { program: installed('codex'), modelUrl: local.url }))
    await expect(readFile(outside)).rejects.toThrow('ENOENT')
    const environment = await readFile(join(session.repo, 'env.txt'), 'utf8')
    expect(environment).toContain('HOME=')
    expect(environment).not.toContain(MODEL_KEY)
  })
})
