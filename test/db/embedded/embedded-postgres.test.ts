import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../../../src/db/embedded/embedded-postgres.ts'
import { pidFileOf, query, startInProcess, temporaryDirectory } from './directories.ts'

const FAST = { settings: { fsync: 'off' } }
const asRoot = process.getuid?.() === 0
const refused = /ECONNREFUSED/

describe('two processes', () => {
  test('share one server when they start at once on a fresh directory, and the last one stops it', async () => {
    const dataDir = await temporaryDirectory()
    const [one, two] = await Promise.all([startInProcess(dataDir), startInProcess(dataDir)])
    expect([one.reused, two.reused].sort()).toEqual([false, true])
    expect(one.url).toBe(two.url)

    const [starter, guest] = one.reused ? [two, one] : [one, two]
    await starter.stop()
    expect(await query(guest.url, 'select 1 as alive')).toEqual([{ alive: 1 }])
    await guest.stop()
    await expect(query(guest.url, 'select 1')).rejects.toThrow(refused)
  })

  test('lose nothing when the one that started the server is killed', async () => {
    const dataDir = await temporaryDirectory()
    const killed = await startInProcess(dataDir)
    await query(killed.url, 'create table kept as select 42 as answer')
    await killed.kill()

    const next = await startEmbeddedPostgres({ dataDir })
    expect(next).toMatchObject({ url: killed.url, reused: true })
    expect(await query(next.url, 'table kept')).toEqual([{ answer: 42 }])
    await next.stop()
    await next.stop()
    await expect(query(next.url, 'select 1')).rejects.toThrow(refused)
  })
})

describe('a restart', () => {
  test('keeps the data, and only the password opens it from this machine', async () => {
    const dataDir = join(await temporaryDirectory(), 'not', 'there', 'yet')
    onTestFinished(async () => void (await stopEmbeddedPostgres(dataDir)))
    const first = await startEmbeddedPostgres({ dataDir, ...FAST })
    await query(first.url, 'create table kept as select 42 as answer')
    const wrong = first.url.replace(/:[0-9a-f]{48}@/, ':guess@')
    expect(wrong).not.toBe(first.url)
    await expect(query(wrong, 'select 1')).rejects.toThrow(/password authentication failed/)
    const [, , , port, socketDirectory, address] = pidFileOf(dataDir)
    expect([socketDirectory, address]).toEqual(['', '127.0.0.1'])
    expect(first.url).toContain(`@127.0.0.1:${port}/`)
    await first.stop()

    const second = await startEmbeddedPostgres({ dataDir, ...FAST })
    expect(second.reused).toBe(false)
    expect(await query(second.url, 'table kept')).toEqual([{ answer: 42 }])
    expect((await stat(join(dataDir, 'cluster', 'password'))).mode & 0o077).toBe(0)
    await second.stop()
  })

  test('recovers what was committed when the server was killed', async () => {
    const dataDir = await temporaryDirectory()
    const first = await startEmbeddedPostgres({ dataDir })
    await query(first.url, 'create table kept as select 42 as answer')
    process.kill(Number(pidFileOf(dataDir)[0]), 'SIGKILL')
    const second = await startEmbeddedPostgres({ dataDir })
    expect(second.reused).toBe(false)
    expect(await query(second.url, 'table kept')).toEqual([{ answer: 42 }])
    await first.stop()
    expect(await query(second.url, 'table kept')).toEqual([{ answer: 42 }])
    await second.stop()
  })
})

describe('a stale pid file', () => {
  test.each(['of a dead process', 'of another program that got its number'])(
    'is set aside: %s',
    async (kind) => {
      const dataDir = await temporaryDirectory()
      const first = await startEmbeddedPostgres({ dataDir, ...FAST })
      const lines = pidFileOf(dataDir)
      await first.stop()

      const stranger = spawn('/bin/sleep', ['60'], {
        stdio: 'ignore',
        ...(asRoot && { uid: (await stat(join(dataDir, 'cluster', 'pgdata'))).uid }),
      })
      onTestFinished(() => void stranger.kill('SIGKILL'))
      await once(stranger, 'spawn')
      if (kind === 'of a dead process') {
        stranger.kill('SIGKILL')
        await once(stranger, 'exit')
      }
      lines[0] = String(stranger.pid)
      await writeFile(join(dataDir, 'cluster', 'pgdata', 'postmaster.pid'), lines.join('\n'))

      const second = await startEmbeddedPostgres({ dataDir, ...FAST })
      expect(second.reused).toBe(false)
      expect(await query(second.url, 'select 1 as alive')).toEqual([{ alive: 1 }])
      await second.stop()
    },
  )
})

describe('a first start', () => {
  test('begins anew when an earlier one was interrupted half-way', async () => {
    const dataDir = await temporaryDirectory()
    const half = join(dataDir, 'cluster-unfinished-abc', 'pgdata')
    await mkdir(half, { recursive: true })
    await writeFile(join(half, 'PG_VERSION'), '18\n')
    const server = await startEmbeddedPostgres({ dataDir, ...FAST })
    expect(await query(server.url, 'select 1 as alive')).toEqual([{ alive: 1 }])
    const left = (await readdir(dataDir)).filter((name) => !name.startsWith('programs-'))
    expect(left.sort()).toEqual(['cluster', 'server.log', 'start.lock'])
    await server.stop()
  })

  test('says what the server said when a setting is wrong, and leaves nothing running', async () => {
    const dataDir = await temporaryDirectory()
    const settings = { fsync: 'off', shared_buffers: 'plenty' }
    await expect(startEmbeddedPostgres({ dataDir, settings })).rejects.toThrow(
      /did not start in .*exit status 1.*invalid value for parameter "shared_buffers": "plenty"/s,
    )
    expect(await stopEmbeddedPostgres(dataDir)).toBe(false)
  })

  test('is refused when other users may write the directory', async () => {
    const dataDir = await temporaryDirectory()
    await chmod(dataDir, 0o777)
    onTestFinished(() => chmod(dataDir, 0o711))
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/every user.*MISSION_CONTROL_DATA_DIR/)
  })

  test.skipIf(asRoot)('is refused with what to do when the directory cannot be written', async () => {
    const dataDir = await temporaryDirectory()
    await chmod(dataDir, 0o500)
    onTestFinished(() => chmod(dataDir, 0o700))
    for (const directory of [dataDir, join(dataDir, 'data')]) {
      await expect(startEmbeddedPostgres({ dataDir: directory })).rejects.toThrow(
        /cannot be made or written.*DATABASE_URL/,
      )
    }
  })

  test('is refused when the data is of another PostgreSQL', async () => {
    const dataDir = await temporaryDirectory()
    await mkdir(join(dataDir, 'cluster', 'pgdata'), { recursive: true, mode: 0o711 })
    await writeFile(join(dataDir, 'cluster', 'pgdata', 'PG_VERSION'), '17\n')
    await writeFile(join(dataDir, 'cluster', 'password'), 'x')
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
      /data of PostgreSQL 17, this is PostgreSQL 18/,
    )
  })

  test.runIf(asRoot)(
    'is refused with what to do when root chose a directory that only root can enter',
    async () => {
      const parent = await temporaryDirectory()
      await chmod(parent, 0o700)
      const dataDir = join(parent, 'data')
      await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
        /not reachable by user (postgres|nobody).*MISSION_CONTROL_DATA_DIR or set DATABASE_URL/,
      )
    },
  )
})

test('a server that another program answers for is not reused', async () => {
  const dataDir = await temporaryDirectory()
  const first = await startEmbeddedPostgres({ dataDir, ...FAST })
  const lines = pidFileOf(dataDir)
  await first.stop()
  // the port now belongs to a program that hangs up, the process is this one
  const impostor = createServer((socket) => socket.destroy()).listen(Number(lines[3]), '127.0.0.1')
  onTestFinished(() => void impostor.close())
  await once(impostor, 'listening')
  lines[0] = String(process.pid)
  await writeFile(join(dataDir, 'cluster', 'pgdata', 'postmaster.pid'), lines.join('\n'))
  const second = await startEmbeddedPostgres({ dataDir, ...FAST })
  expect(second.url).not.toBe(first.url)
  expect(await readFile(join(dataDir, 'server.log'), 'utf8')).toContain('ready to accept connections')
  await second.stop()
})
