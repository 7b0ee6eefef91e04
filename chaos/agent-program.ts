/**
 * What the agents of a chaos run run: no model, but real commits. The first word of the title says how it
 * behaves. It is slow by waiting, not by work, so that many fit on a small machine.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const STEP_MS = 1_000
const CHILD_SECONDS = '900'

function variable(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: this program is run by a runner`)
  return value
}

const number = Number(variable('MISSION_CONTROL_TASK_NUMBER'))
const session = variable('MISSION_CONTROL_SESSION')
const [kind = 'quick'] = variable('MISSION_CONTROL_TASK_TITLE').split(' ')

/** Some seconds, other ones for each issue. */
async function work(least: number, spread: number): Promise<void> {
  const seconds = least + ((number * 7) % (spread + 1))
  for (let second = 0; second < seconds; second += 1) {
    console.log(`working for ${second} s on #${number}`)
    await delay(STEP_MS)
  }
}

function write(name: string): void {
  mkdirSync('work', { recursive: true })
  writeFileSync(`work/${number}-${name}.txt`, `done by session ${session}\n`)
}

function commit(message: string): void {
  for (const args of [
    ['add', '-A'],
    ['commit', '--quiet', '-m', message],
  ]) {
    const { status } = spawnSync('git', args, { stdio: 'inherit' })
    if (status !== 0) throw new Error(`git ${args[0]} failed`)
  }
}

function report(content: object): void {
  writeFileSync(
    variable('MISSION_CONTROL_USAGE_FILE'),
    JSON.stringify({ tokens: { input: 100, output: 20, cacheRead: 0, cacheWrite: 0 }, ...content }),
  )
}

/** Children that nobody waits for: one in our process group, one that left it. */
function leaveChildren(): void {
  for (const detached of [false, true]) spawn('sleep', [CHILD_SECONDS], { detached, stdio: 'ignore' }).unref()
}

switch (kind) {
  case 'slow':
    await work(8, 12)
    write('slow')
    break
  case 'children':
    leaveChildren()
    await work(2, 6)
    write('children')
    break
  case 'commits':
    for (const name of ['one', 'two', 'three']) {
      write(`${name}-${session}`)
      commit(`Write ${name} down`)
      await work(1, 2)
    }
    break
  case 'again': {
    // what was pushed of the first attempt is there in the second
    const first = `work/${number}-first.txt`
    const before = existsSync(first)
    write('first')
    commit('Try')
    await work(1, 3)
    if (!before) process.exit(1)
    write('second')
    break
  }
  case 'fails':
    await work(1, 1)
    console.error('it cannot be done')
    process.exit(1)
    break
  case 'empty':
    await work(1, 1)
    report({ outcome: 'pull_request', summary: 'There was nothing to do.' })
    break
  case 'asks':
    await work(1, 1)
    report({ outcome: 'needs_clarification', question: 'Which one is meant?' })
    break
  case 'hangs':
    for (;;) await work(60, 0)
  default:
    await work(2, 6)
    write('quick')
    report({ title: `Do #${number}`, summary: 'It is done.' })
}
