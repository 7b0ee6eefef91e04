import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findStrays } from '../../src/agent/strays.ts'
import { CLOSE } from '../../src/protocol/socket.ts'
import { BRANCH, KEY, Loop, TOKEN } from './loop.ts'

const WAITING = 'echo one > one.txt; echo waiting; sleep 600'

async function working(command = WAITING, options = {}) {
  const loop = await Loop.start()
  const runner = await loop.runner(command, options)
  await loop.server.connected(1)
  loop.server.assign(loop.assignment())
  if (command === WAITING) await loop.server.told('waiting')
  return { loop, runner }
}

describe('the connection', () => {
  test('the key is sent as a bearer token and a ping is answered with a heartbeat', async () => {
    const loop = await Loop.start()
    await loop.runner('true')
    await loop.server.connected(1)
    loop.server.send({ type: 'ping' })
    await loop.server.next('heartbeat')
    expect(loop.server.keys).toEqual([`Bearer ${KEY}`])
  })

  test('a session goes on when the connection breaks and hello lists it', async () => {
    const { loop } = await working(
      'echo waiting; while [ ! -e go ]; do sleep 0.02; done; echo hello > greeting.txt',
    )
    await loop.server.told('waiting')
    loop.server.resume = [7]
    loop.server.drop()
    await loop.server.connected(2)
    await writeFile(join(loop.workDir, 'sessions', '7', 'repo', 'go'), '')
    expect((await loop.server.next('complete')).report.outcome).toBe('pull_request')
  })

  test('a session is killed without a report when hello does not list it', async () => {
    const { loop, runner } = await working()
    loop.server.drop()
    await loop.server.connected(2)
    await runner.stop('test')
    expect(loop.server.all('complete')).toEqual([])
    expect(await loop.sessions()).toEqual([])
    expect(await loop.remote.git('branch', '--list', 'agent/*')).toBe('')
  })

  test('complete is sent with the same id after each reconnect until it is answered, and then no more', async () => {
    const loop = await Loop.start()
    loop.server.answers = false
    await loop.runner('echo hello > greeting.txt')
    await loop.server.connected(1)
    loop.server.assign(loop.assignment())
    const first = await loop.server.next('complete')
    for (const connection of [2, 3]) {
      loop.server.drop()
      await loop.server.until(`complete on connection ${connection}`, () =>
        loop.server.received.find((seen) => seen.connection === connection && seen.frame.type === 'complete'),
      )
    }
    expect(new Set(loop.server.all('complete').map(({ id }) => id))).toEqual(new Set([first.id]))
    loop.server.answer(first)
    loop.server.send({ type: 'ping' })
    await loop.server.next('heartbeat')
    loop.server.drop()
    await loop.server.connected(4)
    loop.server.send({ type: 'ping' })
    await loop.server.until('a second heartbeat', () => loop.server.all('heartbeat')[1])
    expect(loop.server.all('complete')).toHaveLength(3)
  })

  test('an assignment that comes twice starts one session and is acknowledged twice', async () => {
    const loop = await Loop.start()
    await loop.runner('echo run >> runs.txt; echo waiting; while [ ! -e go ]; do sleep 0.02; done; rm go')
    await loop.server.connected(1)
    loop.server.assign(loop.assignment(), 'same')
    await loop.server.told('waiting')
    loop.server.assign(loop.assignment(), 'same')
    await loop.server.until('a second acknowledgement', () => loop.server.all('accepted')[1])
    await writeFile(join(loop.workDir, 'sessions', '7', 'repo', 'go'), '')
    await loop.server.next('complete')
    loop.server.assign(loop.assignment(), 'same')
    loop.server.send({ type: 'ping' })
    await loop.server.next('heartbeat')
    expect(loop.server.all('complete')).toHaveLength(1)
    expect(await loop.remote.show(BRANCH, 'runs.txt')).toBe('run')
  })

  test('a frame that comes twice is handled once', async () => {
    const loop = await Loop.start()
    await loop.runner('true')
    await loop.server.connected(1)
    loop.server.send({ type: 'ping' }, 'p1')
    loop.server.send({ type: 'ping' }, 'p1')
    loop.server.send({ type: 'ping' }, 'p2')
    await loop.server.until('two heartbeats', () => loop.server.all('heartbeat')[1])
    expect(loop.server.all('heartbeat')).toHaveLength(2)
  })

  test('an assignment that breaks the schema is declined with the field', async () => {
    const loop = await Loop.start()
    await loop.runner('true')
    await loop.server.connected(1)
    const broken = { ...loop.assignment(), wallClockSeconds: 'long' }
    loop.server.sendRaw({ type: 'task_assigned', id: 'x', assignment: broken })
    expect((await loop.server.next('declined')).reason).toContain('wallClockSeconds')
  })

  test('a silent connection is given up and made again', async () => {
    const loop = await Loop.start()
    await loop.runner('true', { tuning: { pingMs: 30 } })
    await loop.server.connected(1)
    loop.server.mute()
    await loop.server.connected(2)
  })
})

describe('a server that does not take the connection', () => {
  async function refusing(statuses: number[]): Promise<{ url: string; asked: () => number }> {
    let asked = 0
    const server = createServer()
    server.on('upgrade', (_request, socket) => {
      const status = statuses[Math.min(asked, statuses.length - 1)]
      asked += 1
      socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked }
  }

  test('it is asked again while it answers 503, and no more when it answers 401', async () => {
    const loop = await Loop.start()
    const { url, asked } = await refusing([503, 503, 401])
    const runner = await loop.runner('true', { options: { url } })
    const end = await runner.stopped
    expect(end).toMatchObject({ code: 'key_refused', message: expect.stringContaining('401') })
    expect(asked()).toBe(3)
  })

  test('the runner stops at once when it is not reachable', async () => {
    const loop = await Loop.start()
    const runner = await loop.runner('true', { options: { url: 'http://127.0.0.1:9' } })
    expect(await runner.stop('test')).toMatchObject({ code: 'stopped', exitCode: 0 })
  })
})

describe('the end of a runner', () => {
  test('the work is killed and the exit code says why when the key is revoked', async () => {
    const { loop, runner } = await working(`trap '' TERM; ${WAITING}`)
    await loop.server.told('waiting')
    loop.server.hangUp(CLOSE.unauthorized, 'key revoked')
    const end = await runner.stopped
    expect(end).toMatchObject({ code: 'key_refused', exitCode: 77 })
    expect(end.message).toContain('key revoked')
    expect(await loop.sessions()).toEqual([])
    expect(await loop.remote.git('branch', '--list', 'agent/*')).toBe('')
  })

  test('it ends when another runner takes its place, or the server speaks another protocol', async () => {
    const { loop, runner } = await working('true')
    loop.server.hangUp(CLOSE.replaced, 'replaced')
    expect(await runner.stopped).toMatchObject({ code: 'replaced', exitCode: 75 })
    const second = await loop.runner('true')
    await loop.server.connected(2)
    loop.server.sendRaw({ type: 'hello', id: 'h', protocol: 2, agent: { id: 1, name: 'worker' }, resume: [] })
    expect(await second.stopped).toMatchObject({ code: 'protocol', exitCode: 76 })
  })

  test('it ends when the key belongs to an agent of another name', async () => {
    const loop = await Loop.start()
    const runner = await loop.runner('true', { options: { name: 'other' } })
    const end = await runner.stopped
    expect(end.code).toBe('wrong_name')
    expect(end.message).toBe('the key belongs to the agent worker, not to other')
  })

  test('the first stop saves the work and takes no more, and the answer is waited for', async () => {
    const { loop, runner } = await working()
    const stopped = runner.stop('SIGTERM')
    loop.server.assign(loop.assignment({ session: { id: 8 } }))
    expect(await stopped).toMatchObject({ code: 'stopped', exitCode: 0 })
    expect(loop.server.all('complete').map(({ report }) => report.outcome)).toEqual(['stopped'])
    expect(loop.server.all('declined')).toMatchObject([{ session: 8, reason: 'the runner is stopping' }])
    expect(await loop.remote.show(BRANCH, 'one.txt')).toBe('one')
    expect(await loop.sessions()).toEqual([])
  })

  test('the second stop kills the work', async () => {
    const { loop, runner } = await working(`trap '' TERM; ${WAITING}`)
    await loop.server.told('waiting')
    void runner.stop('SIGINT')
    expect(await runner.stop('SIGINT')).toMatchObject({ code: 'killed', exitCode: 1 })
    expect(loop.server.all('complete')).toEqual([])
    expect(await loop.sessions()).toEqual([])
  })
})

describe('the work directory', () => {
  test('a fetch gets past the lock files that a killed git left', async () => {
    const { loop } = await working('echo hello > greeting.txt')
    await loop.server.next('complete')
    const [cache] = await readdir(join(loop.workDir, 'cache'))
    for (const lock of ['refs/remotes/origin/main.lock', 'config.lock']) {
      await writeFile(join(loop.workDir, 'cache', cache ?? '', lock), '')
    }
    await loop.remote.commit('main', { 'newer.txt': 'newer' })
    loop.server.assign(loop.assignment({ session: { id: 8 }, git: { branch: 'agent/worker-other-13' } }))
    const { report } = await loop.server.next('complete', ({ session }) => session === 8)
    expect(report.outcome).toBe('pull_request')
  })

  test('more work than sessions is declined with the reason', async () => {
    const { loop } = await working()
    loop.server.assign(loop.assignment({ session: { id: 8 } }))
    expect(await loop.server.next('declined')).toMatchObject({
      session: 8,
      reason: 'all 1 sessions of this runner are in use',
    })
  })

  test('two sessions of one project run side by side when two are allowed', async () => {
    const meeting = 'touch "$HOME/../../../here-$MISSION_CONTROL_SESSION"'
    const others = 'while [ "$(ls "$HOME/../../.." | grep -c here-)" -lt 2 ]; do sleep 0.02; done'
    const command = `echo hello > greeting.txt; ${meeting}; ${others}`
    const { loop } = await working(command, { options: { maxSessions: '2' } })
    const other = 'agent/worker-other-13'
    loop.server.assign(loop.assignment({ session: { id: 8 }, git: { branch: other } }))
    for (const id of [7, 8]) {
      const { report } = await loop.server.next('complete', ({ session }) => session === id)
      expect(report).toMatchObject({ outcome: 'pull_request', summary: '' })
    }
    expect(await loop.remote.show(BRANCH, 'greeting.txt')).toBe('hello')
    expect(await loop.remote.show(other, 'greeting.txt')).toBe('hello')
  })

  test('a session on the branch of one that is just being removed keeps its branch', async () => {
    const { loop } = await working(
      'mkdir -p many && (cd many && seq 3000 | xargs touch); echo "many" > .gitignore; git branch --show-current; [ "$MISSION_CONTROL_SESSION" = 7 ] || sleep 0.3',
    )
    await loop.server.next('complete')
    loop.server.assign(loop.assignment({ session: { id: 8, mode: 'resume' } }))
    const { report } = await loop.server.next('complete', ({ session }) => session === 8)
    expect(report.outcome).toBe('pull_request')
    expect(await loop.remote.git('rev-list', '--count', `main..${BRANCH}`)).toBe('2')
  })

  test('a second runner of the same name is refused, one of another name is not', async () => {
    const loop = await Loop.start()
    await loop.runner('true')
    const second = await loop.runner('true')
    expect(await second.stopped).toMatchObject({ code: 'locked', exitCode: 75 })
    await loop.runner('true', { options: { name: 'worker' } })
    await loop.server.connected(2)
  })

  test('files and processes are removed when their runner was killed', async () => {
    const loop = await Loop.start()
    const script = join(import.meta.dirname, 'runner-process.ts')
    const environment = { PATH: process.env.PATH, MISSION_CONTROL_URL: loop.server.url }
    const child = fork(script, [], {
      env: {
        ...environment,
        MISSION_CONTROL_AGENT_KEY: KEY,
        MISSION_CONTROL_AGENT_WORK_DIR: loop.workDir,
        MISSION_CONTROL_AGENT_COMMAND: 'chmod 500 .; echo waiting; sleep 600',
      },
    })
    await loop.server.connected(1)
    loop.server.assign(loop.assignment())
    await loop.server.told('waiting')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await loop.sessions()).toEqual(['7'])
    await loop.runner('true')
    expect(await loop.sessions()).toEqual([])
    expect(await findStrays(`HOME=${join(loop.workDir, 'sessions', '7', 'home')}`)).toEqual([])
  })

  test('directories of a runner that lives are left alone', async () => {
    const { loop } = await working()
    await mkdir(join(loop.workDir, 'sessions', 'new-fresh'))
    await loop.runner('true', { options: { name: 'worker' } })
    expect((await loop.sessions()).sort()).toEqual(['7', 'new-fresh'])
  })

  test('neither key nor token stay on disk after a session', async () => {
    const { loop, runner } = await working('echo hello > greeting.txt')
    await loop.server.next('complete')
    await runner.stop('test')
    const cache = (await readdir(join(loop.workDir, 'cache')))[0] ?? ''
    const config = await readFile(join(loop.workDir, 'cache', cache, 'config'), 'utf8')
    expect(config).toContain(loop.remote.url)
    expect(config).not.toContain(TOKEN)
  })
})
