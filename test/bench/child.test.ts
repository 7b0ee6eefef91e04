import { expect, test } from 'vitest'
import { runCase } from '../../bench/run.ts'
import type { BareApi } from '../../bench/stage/bare-process.ts'
import { startChild } from '../../bench/stage/child.ts'

const BARE = new URL('../../bench/stage/bare-process.ts', import.meta.url)

test('a process answers its functions and is gone when the stack is unwound', async () => {
  const stack = new AsyncDisposableStack()
  const bare = await startChild<BareApi>(stack, BARE, {})
  const port = await bare.port()
  expect((await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'x' })).status).toBe(202)
  await stack.disposeAsync()
  await expect(fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'x' })).rejects.toThrow()
  await expect(bare.port()).rejects.toThrow('the process has ended')
})

test('what a case started is ended when it fails', async () => {
  let ended = false
  const failing = {
    name: 'failing',
    rows: [],
    run({ stack }: { stack: AsyncDisposableStack }) {
      stack.defer(() => {
        ended = true
      })
      return Promise.reject(new Error('could not be measured'))
    },
  }
  const options = { say: () => {}, profiles: null, interrupted: new Promise<never>(() => {}) }
  await expect(runCase(failing, options)).rejects.toThrow('could not be measured')
  expect(ended).toBe(true)
})

test('a case is refused when it did not measure one of its rows', async () => {
  const rows = [{ name: 'missing', about: '', unit: 'ms', goal: null }]
  const forgetful = { name: 'forgetful', rows, run: async () => ({}) }
  const options = { say: () => {}, profiles: null, interrupted: new Promise<never>(() => {}) }
  await expect(runCase(forgetful, options)).rejects.toThrow('did not measure missing')
})
