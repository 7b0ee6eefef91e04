import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findStrays } from '../../src/agent/strays.ts'
import { until } from '../harness/wait.ts'
import { BRANCH, type Changes, Loop, TOKEN } from './loop.ts'

/** Commits one file, says so, and waits to be ended. */
const WAITING = 'echo one > one.txt; echo waiting; sleep 600'

async function started(command: string, changes: Changes = {}, options = {}) {
  const loop = await Loop.start()
  const runner = await loop.runner(command, options)
  await loop.server.connected(1)
  loop.server.assign(loop.assignment(changes))
  return { loop, runner, home: join(loop.workDir, 'sessions', '7', 'home') }
}

/** Processes of the session that still run. */
const left = (home: string) => findStrays(`HOME=${home}`)

describe('stopping', () => {
  test.each(['pause', 'cancel'] as const)(
    'the work is saved and stopped is reported on %s',
    async (reason) => {
      const { loop, home } = await started(WAITING)
      await loop.server.told('waiting')
      loop.server.send({ type: 'stop', session: 7, reason })
      const { report } = await loop.server.next('complete')
      expect(report.outcome).toBe('stopped')
      expect(report.summary).toBe(`The work was stopped on request (${reason}).\n\n1 commit was pushed.`)
      expect(await loop.remote.show(BRANCH, 'one.txt')).toBe('one')
      expect(await left(home)).toEqual([])
    },
  )

  test('the work is saved when the answer to a progress report asks to stop', async () => {
    const { loop } = await started(WAITING, { session: { leaseSeconds: 3 } })
    await loop.server.told('waiting')
    loop.server.stop = 'pause'
    const { report } = await loop.server.next('complete')
    expect(report.outcome).toBe('stopped')
  })

  test('a program has time to clean up after SIGTERM, also when its shell has gone', async () => {
    const child = `trap 'echo tidy > tidy.txt; exit 0' TERM; echo waiting; while :; do read -t 0.02 x <> "$HOME/pipe"; done`
    const { loop } = await started(`mkfifo "$HOME/pipe"; bash -c '${child.replaceAll("'", `'\\''`)}'; true`)
    await loop.server.told('waiting')
    loop.server.send({ type: 'stop', session: 7, reason: 'pause' })
    await loop.server.next('complete')
    expect(await loop.remote.show(BRANCH, 'tidy.txt')).toBe('tidy')
  })

  test('a program that ignores SIGTERM is killed after the grace', async () => {
    const { loop, home } = await started(`trap '' TERM; ${WAITING}`, {}, { tuning: { graceMs: 50 } })
    await loop.server.told('waiting')
    loop.server.send({ type: 'stop', session: 7, reason: 'cancel' })
    expect((await loop.server.next('complete')).report.outcome).toBe('stopped')
    expect(await left(home)).toEqual([])
  })

  test('the session still reports when there is no time left to save', async () => {
    const { loop } = await started(`trap '' TERM; ${WAITING}`, {}, { tuning: { graceMs: 5_000, saveMs: 20 } })
    await loop.server.told('waiting')
    loop.server.send({ type: 'stop', session: 7, reason: 'pause' })
    const { report } = await loop.server.next('complete')
    expect(report.outcome).toBe('stopped')
    expect(report.summary).toContain('What there was could not be pushed')
  })

  test('the work is killed and nothing pushed or reported when the session is revoked', async () => {
    const { loop, runner, home } = await started(`trap '' TERM; ${WAITING}`)
    await loop.server.told('waiting')
    loop.server.send({ type: 'stop', session: 7, reason: 'revoked' })
    await runner.stop('test')
    expect(await left(home)).toEqual([])
    expect(await loop.sessions()).toEqual([])
    expect(loop.server.all('complete')).toEqual([])
    expect(await loop.remote.git('branch', '--list', 'agent/*')).toBe('')
  })

  test.each(['session_ended', 'lease_lost'])(
    'the work is killed when progress is refused: %s',
    async (code) => {
      const { loop, runner } = await started(WAITING, { session: { leaseSeconds: 3 } })
      await loop.server.told('waiting')
      loop.server.refusal = code
      await loop.server.refused()
      await runner.stop('test')
      expect(loop.server.all('complete')).toEqual([])
      expect(await loop.sessions()).toEqual([])
    },
  )

  test('the work is killed and nothing is reported when the server is silent for as long as the lease lasts', async () => {
    const { loop, runner, home } = await started(WAITING, { session: { leaseSeconds: 1 } })
    loop.server.answers = false
    await loop.server.told('waiting')
    await until('the session is gone', async () => (await loop.sessions()).length === 0)
    expect(await left(home)).toEqual([])
    await runner.stop('test')
    expect(loop.server.all('complete')).toEqual([])
  })

  test('the work goes on for longer than the lease when the server answers', async () => {
    const { loop } = await started(`echo one > one.txt; sleep 4`, { session: { leaseSeconds: 2 } })
    const { report } = await loop.server.next('complete')
    expect(report.outcome).toBe('pull_request')
    expect(await loop.remote.show(BRANCH, 'one.txt')).toBe('one')
  })

  test('stop is obeyed when it comes during workspace.setup', async () => {
    const { loop } = await started('echo never > never.txt', { workspace: { setup: 'echo x; sleep 600' } })
    await loop.server.told('Running workspace.setup')
    loop.server.send({ type: 'stop', session: 7, reason: 'pause' })
    expect((await loop.server.next('complete')).report).toMatchObject({
      outcome: 'stopped',
      summary: 'The work was stopped on request (pause).',
    })
  })
})

describe('limits', () => {
  test('the group is killed and the work saved when the wall clock runs out', async () => {
    const { loop, home } = await started(WAITING, { wallClockSeconds: 1 })
    const { report } = await loop.server.next('complete')
    expect(report.outcome).toBe('failed')
    expect(report.summary).toContain('wall clock of 1 s')
    expect(await loop.remote.show(BRANCH, 'one.txt')).toBe('one')
    expect(await left(home)).toEqual([])
  })

  test('the program is stopped when its usage file goes over the token budget', async () => {
    const usage = `echo '{"tokens":{"input":900,"cacheRead":101}}' > "$MISSION_CONTROL_USAGE_FILE"`
    const { loop } = await started(`${usage}; ${WAITING}`, { tokenBudget: 1_000 })
    const { report } = await loop.server.next('complete')
    expect(report.outcome).toBe('failed')
    expect(report.summary).toContain('budget')
    expect(report.usage.tokens).toMatchObject({ input: 900, cacheRead: 101 })
  })

  test('usage is reported while the program works', async () => {
    const usage = `echo '{"tokens":{"output":77},"costUsd":0.5}' > "$MISSION_CONTROL_USAGE_FILE"`
    const { loop } = await started(`${usage}; ${WAITING}`)
    const { report } = await loop.server.next('progress', (frame) => frame.report.tokens?.output === 77)
    expect(report.costUsd).toBe(0.5)
  })

  test('signs of life come every quarter of the lease when nothing happens', async () => {
    const { loop } = await started(WAITING, { session: { leaseSeconds: 3 } })
    await loop.server.until('three signs of life', () => {
      const same = loop.server.all('progress').filter(({ report }) => report.message === 'waiting')
      return same.length >= 3 ? true : undefined
    })
  })
})

describe('processes that a program leaves behind', () => {
  test.each([
    ['in the background', 'sleep 600 &'],
    ['by a double fork', '( ( sleep 600 & ) & );'],
    ['with the output held open', '( sleep 600 ) & echo $! > pid.txt;'],
    ['with SIGTERM and SIGHUP ignored', `( trap '' TERM HUP; sleep 600 ) &`],
  ])('are gone when they were started %s', async (_how, line) => {
    const { loop, home } = await started(`${line} echo hello > greeting.txt`)
    expect((await loop.server.next('complete')).report.outcome).toBe('pull_request')
    expect(await left(home)).toEqual([])
  })

  test.runIf(process.platform === 'linux')('are gone when they left the process group', async () => {
    const { loop, home } = await started('setsid -f sleep 600; echo hello > greeting.txt')
    expect((await loop.server.next('complete')).report.outcome).toBe('pull_request')
    expect(await left(home)).toEqual([])
  })
})

describe('the environment of the program', () => {
  test('holds what it needs and neither secrets nor variables of the runner', async () => {
    const { loop } = await started(
      'env | LC_ALL=C sort > env.txt; pwd > pwd.txt; readlink /proc/self/fd/0 > stdin.txt',
      { task: { title: 'Say "hi" & $(whoami)\0' }, model: 'm1', tokenBudget: 5_000 },
      { options: { passEnv: ['HANDED_ON'] }, env: { HANDED_ON: 'yes', PRIVATE: 'no' } },
    )
    await loop.server.next('complete')
    const lines = (await loop.remote.show(BRANCH, 'env.txt')).split('\n')
    const session = join(loop.workDir, 'sessions', '7')
    const ofTheShell = /^(PWD|OLDPWD|SHLVL|_)=/
    expect(lines.filter((line) => !ofTheShell.test(line))).toEqual(
      [
        `PATH=${process.env.PATH}`,
        'LANG=C.UTF-8',
        'LC_ALL=C.UTF-8',
        `HOME=${session}/home`,
        `TMPDIR=${session}/tmp`,
        'GIT_CONFIG_NOSYSTEM=1',
        'HANDED_ON=yes',
        `MISSION_CONTROL_PROMPT_FILE=${session}/prompt.md`,
        `MISSION_CONTROL_USAGE_FILE=${session}/usage.json`,
        'MISSION_CONTROL_SESSION=7',
        'MISSION_CONTROL_TASK_NUMBER=12',
        'MISSION_CONTROL_TASK_TITLE=Say "hi" & $(whoami)',
        `MISSION_CONTROL_BRANCH=${BRANCH}`,
        'MISSION_CONTROL_BASE=main',
        'MISSION_CONTROL_MODE=new',
        'MISSION_CONTROL_MODEL=m1',
        'MISSION_CONTROL_TOKEN_BUDGET=5000',
      ].sort(),
    )
    expect(await loop.remote.show(BRANCH, 'pwd.txt')).toBe(join(session, 'repo'))
    expect(await loop.remote.show(BRANCH, 'stdin.txt')).toBe('/dev/null')
  })

  test('the session token is in no file or address that the program can find, and in no argument of git', async () => {
    const loop = await Loop.start()
    const bin = join(loop.workDir, '..', 'bin')
    const calls = join(loop.workDir, '..', 'calls.txt')
    await mkdir(bin)
    const wrapper = `#!/bin/sh\necho "$@" >> ${calls}\nPATH=${process.env.PATH} exec git "$@"\n`
    await writeFile(join(bin, 'git'), wrapper, { mode: 0o755 })
    await loop.complete(
      'git config --list > config.txt; git remote -v > remotes.txt; grep -r mcs_7 "$HOME/.." > found.txt; true',
      { env: { PATH: `${bin}:${process.env.PATH}` } },
    )
    expect(await loop.remote.show(BRANCH, 'found.txt')).toBe('')
    expect(await loop.remote.show(BRANCH, 'remotes.txt')).toContain(loop.remote.url)
    const made = await readFile(calls, 'utf8')
    expect(made).toContain('push')
    for (const text of [made, await loop.remote.show(BRANCH, 'config.txt')]) {
      expect(text).not.toContain(TOKEN)
      expect(text).not.toContain(Buffer.from(`session:${TOKEN}`).toString('base64'))
    }
  })

  test('hooks and settings that a program leaves are not used for the push', async () => {
    const { loop } = await started(`
      echo hello > greeting.txt
      common=$(git rev-parse --git-common-dir); mkdir -p "$common/hooks"
      printf '#!/bin/sh\\nenv > "%s/stolen.txt"\\n' "$HOME/../.." > "$common/hooks/pre-push"; chmod +x "$common/hooks/pre-push"
      cp "$common/hooks/pre-push" "$common/hooks/pre-commit"
      git config core.hooksPath "$common/hooks"
      git config url.http://127.0.0.1:1/.insteadOf http://127.0.0.1
      printf 'machine 127.0.0.1 login x password y' > "$HOME/.netrc"`)
    expect((await loop.server.next('complete')).report.outcome).toBe('pull_request')
    await expect(readFile(join(loop.workDir, 'sessions', 'stolen.txt'))).rejects.toThrow('ENOENT')
    expect(loop.remote.seen.size).toBe(1)
  })
})
