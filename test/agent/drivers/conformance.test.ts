import { describe, expect, test } from 'vitest'
import { claudeCodeDriver } from '../../../src/agent/drivers/claude-code.ts'
import { codexDriver } from '../../../src/agent/drivers/codex.ts'
import { findStrays } from '../../../src/agent/strays.ts'
import { type DriverSession, driverSession } from './driver-session.ts'
import { type Flavour, PROVIDERS, rig } from './rigs.ts'

const left = (session: DriverSession) => findStrays(`HOME=${session.home}`)

describe.each(PROVIDERS)('every driver keeps its promises: %s', (provider) => {
  test('the work is done, told and counted when the program succeeds', async () => {
    const session = await driverSession()
    const result = await session.work(await rig(provider, session, 'success'))
    expect(result).toMatchObject({
      failure: null,
      limit: null,
      report: { summary: 'The greeting is there.' },
    })
    const { input, output, cacheRead } = result.usage?.tokens ?? {}
    expect({ input, output, cacheRead }).toEqual({ input: 2_000, output: 200, cacheRead: 400 })
    expect(session.messages()).toContain('I add the greeting.')
    expect(await session.git('log', '-1', '--format=%s')).toBe('Greet people')
  })

  test('one sentence says why when the program fails', async () => {
    const session = await driverSession()
    const { failure, output } = await session.work(await rig(provider, session, 'overloaded'))
    expect(failure).toMatch(/^(the program failed: exit status 3|(claude-code|codex) failed \(.+\): .+)$/s)
    expect(output).toMatch(/overloaded|capacity/i)
  })

  test('the task is to wait when the credit is spent', async () => {
    const session = await driverSession()
    const result = await session.work(await rig(provider, session, 'out-of-credit'))
    expect(result.report.outcome).toBe('out_of_credit')
    expect(result.failure).not.toBeNull()
  })

  test.each(['plain', 'stubborn'] as const)(
    'nothing of it is left when it is told to stop (%s)',
    async (flavour) => {
      const session = await driverSession({ graceMs: flavour === 'stubborn' ? 100 : 5_000 })
      const working = session.work(await rig(provider, session, 'stopped', flavour))
      await session.told('I wait now.')
      session.halt.request('cancel')
      expect((await working).failure).not.toBeNull()
      expect(await left(session)).toEqual([])
    },
  )

  test('it is killed at once when there is nothing to save', async () => {
    const session = await driverSession({ graceMs: 60_000 })
    const working = session.work(await rig(provider, session, 'stopped', 'stubborn'))
    await session.told('I wait now.')
    session.halt.request('revoked')
    expect((await working).failure).not.toBeNull()
    expect(await left(session)).toEqual([])
  })

  test('nothing of it is left when it starts processes that leave its group', async () => {
    const session = await driverSession()
    expect((await session.work(await rig(provider, session, 'success', 'children'))).failure).toBeNull()
    expect(await left(session)).toEqual([])
  })

  test.each(['garbage', 'huge'] satisfies Flavour[])(
    'the outcome is the same when it prints other things between: %s',
    async (flavour) => {
      const session = await driverSession()
      const result = await session.work(await rig(provider, session, 'success', flavour))
      expect(result).toMatchObject({ failure: null, report: { summary: 'The greeting is there.' } })
      expect(result.usage?.tokens).toMatchObject({ input: 2_000, output: 200 })
      expect(Math.max(...session.messages().map((text) => text.length))).toBeLessThanOrEqual(2_000)
    },
  )
})

describe.each(['claude-code', 'codex'] as const)('a driver of a real program: %s', (provider) => {
  test('it fails when the program ends without a result, though with status 0', async () => {
    const session = await driverSession()
    const { failure, usage } = await session.work(await rig(provider, session, 'success', 'silent'))
    expect(failure).toBe(`${provider} ended without saying how its work went (exit status 0)`)
    expect(usage).toBeNull()
  })

  test('the way to install it is told when the program is missing', async () => {
    const session = await driverSession()
    const common = {
      path: '/nonexistent',
      permissions: 'workspace',
      model: { variables: {}, secrets: [] },
    } as const
    const driver =
      provider === 'codex'
        ? codexDriver({ ...common, program: 'codex', baseUrl: null, usagePollMs: 20 })
        : claudeCodeDriver({ ...common, program: 'claude', maxTurns: null, maxCostUsd: null })
    const sentence =
      /^the program (claude|codex) was not found in PATH: install it \(npm install --global @\S+@\d/
    expect(await driver.obstacle()).toMatch(sentence)
    expect((await session.work(driver)).failure).toMatch(sentence)
  })
})
