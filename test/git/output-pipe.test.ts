import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openOutputPipe } from '../../src/git/output-pipe.ts'
import { temporaryDirectory } from './harness/git-client.ts'

const PATH = '/usr/local/bin:/usr/bin:/bin'
let directory: Awaited<ReturnType<typeof temporaryDirectory>>
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => directory.remove())

/** Starts a shell line that writes to the pipe. */
async function start(line: string) {
  const pipe = await openOutputPipe(directory.path, PATH)
  const child = spawn('sh', ['-c', line], { env: { PATH }, stdio: ['ignore', pipe.fd, 'ignore'] })
  pipe.release()
  return { pipe, child }
}

test('all bytes come in order when each piece is taken late', async () => {
  const { pipe } = await start('seq 1 200000')
  const pieces: Buffer[] = []
  const size = await pipe.copy((bytes, done) => {
    // what stands there when it is taken, not when it came
    setImmediate(() => {
      pieces.push(Buffer.from(bytes))
      done()
    })
  })
  const expected = Array.from({ length: 200_000 }, (_, at) => `${at + 1}\n`).join('')
  expect(size).toBe(expected.length)
  expect(Buffer.concat(pieces).toString()).toBe(expected)
})

test('nothing more is read when nobody takes what came', async () => {
  const { pipe, child } = await start('exec cat /dev/zero')
  const waiting: (() => void)[] = []
  const full = Promise.withResolvers<void>()
  const copied = pipe.copy((_, done) => {
    waiting.push(done)
    if (waiting.length === 3) full.resolve()
  })
  await full.promise
  for (let round = 0; round < 10; round += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(waiting).toHaveLength(3)
  child.kill('SIGKILL')
  for (const done of waiting) done()
  await copied
})

test('it ends and leaves no name behind when the program writes nothing', async () => {
  const { pipe } = await start('exit 3')
  expect(await readdir(directory.path)).toEqual([])
  expect(await pipe.copy(() => expect.unreachable())).toBe(0)
})

test('it says so when it cannot be made', async () => {
  await expect(openOutputPipe(`${directory.path}/missing`, PATH)).rejects.toThrow('mkfifo')
})
