import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withFileLock } from '../../../src/db/embedded/file-lock.ts'
import { temporaryDirectory } from './directories.ts'

const HOLDER = `
  import { withFileLock } from ${JSON.stringify(new URL('../../../src/db/embedded/file-lock.ts', import.meta.url))}
  await withFileLock(process.argv[1], 0, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)) })`

test('one works at a time when several want the lock', async () => {
  const file = join(await temporaryDirectory(), 'lock')
  let [inside, most] = [0, 0]
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside -= 1
  }
  await Promise.all([1, 2, 3, 4].map(() => withFileLock(file, 10_000, work)))
  expect([inside, most]).toEqual([0, 1])
})

test('the lock is free again when the work fails', async () => {
  const file = join(await temporaryDirectory(), 'lock')
  await expect(withFileLock(file, 0, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await withFileLock(file, 0, async () => 'worked')).toBe('worked')
})

test('the lock of another process is refused in time, and is free when that process is killed', async () => {
  const file = join(await temporaryDirectory(), 'lock')
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  await expect(withFileLock(file, 0, async () => 'stolen')).rejects.toThrow(/locked by another process/)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(await withFileLock(file, 1_000, async () => 'worked')).toBe('worked')
})
