import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectSound, finish, labels, pullRequests, statusComments, statusSays } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mc-death-'))
  world = await createWorld({
    policy: { leaseSeconds: 3, acknowledgeSeconds: 2 },
    files: { '.github/mission-control.yml': 'limits: { max_attempts: 2 }\n' },
  })
})

afterEach(() => world.dismissAgents())

afterAll(async () => {
  await world.stop()
  await rm(directory, { recursive: true, force: true })
})

const at = (name: string): string => join(directory, name)

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('another agent finishes on the same branch when the runner is killed while its program runs', async () => {
  const ada = await world.agentProcess(
    'ada',
    `echo $$ > ${at('ada.pid')}; sed -i s/41/0/ src/code.js; sleep 300`,
  )
  const number = await world.openIssue({ title: 'Die at work' })
  await world.process(number)
  await until('the program runs', () => existsSync(at('ada.pid')))
  const pid = Number(await readFile(at('ada.pid'), 'utf8'))
  await ada.kill()
  expect(runs(pid)).toBe(true)
  await world.agentProcess('bob', 'sed -i s/41/42/ src/code.js')

  const task = await world.reach(number, 'review', (now) => now.pullRequestNumber !== null)
  expect(task.branch).toBe(`agent/ada-die-at-work-${number}`)
  expect(task.attempts).toBe(1)
  expect(await world.sessions(number)).toMatchObject([
    { status: 'failed', failure: 'lost', attempt: 1, branch: task.branch },
    { status: 'completed', attempt: 2, branch: task.branch, mode: 'new' },
  ])
  expect((await pullRequests(world)).filter((pull) => pull.head.ref === task.branch)).toHaveLength(1)
  await statusSays(world, number, 'Ready for review', 'no sign of life')
  await expectSound(world, number)

  ada.start()
  await until('the program of the dead runner is gone', () => !runs(pid))
})

test('the next agent goes on from what was pushed when an agent dies after a push', async () => {
  const cara = await world.scriptedAgent('cara')
  const number = await world.openIssue({ title: 'Die after a push', labels: ['agent: cara'] })
  await world.process(number)
  const assignment = await cara.assignment()
  await cara.accept(assignment)
  const clone = await cara.clone(assignment)
  const half = await clone.commit({ 'half.txt': 'half\n' })
  expect(await clone.push()).toMatchObject({ ok: true })
  await world.maintainer.call('DELETE', `/issues/${number}/labels/${encodeURIComponent('agent: cara')}`)
  await cara.disconnect()
  const dora = await world.scriptedAgent('dora')

  const next = await dora.assignment()
  expect(next).toMatchObject({
    session: { mode: 'resume', attempt: 2 },
    git: { branch: assignment.git.branch },
  })
  await dora.accept(next)
  const copy = await dora.clone(next)
  expect((await copy.git('rev-parse', 'HEAD')).output.trim()).toBe(half)
  const commit = await copy.commit({ 'half.txt': 'whole\n' })
  expect(await copy.push()).toMatchObject({ ok: true })
  await dora.complete(next)
  const task = await world.reach(number, 'review', (now) => now.pullRequestNumber !== null)
  expect(task.headSha).toBe(commit)
  await expectSound(world, number)

  await cara.reconnect()
  expect(await cara.complete(assignment)).toMatchObject({ type: 'refused', code: 'session_ended' })
  expect(await clone.push()).toMatchObject({ ok: false })
})

test('the attempt is not counted when the runner dies before it acknowledges', async () => {
  const eve = await world.agentProcess('eve', 'true')
  await until('eve is connected', () => eve.log().includes('"connected"'))
  eve.process.kill('SIGSTOP')
  const number = await world.openIssue({ title: 'Die before the start' })
  await world.process(number)
  await until('it is dispatched', async () => (await world.sessions(number))[0]?.status === 'dispatched')
  await eve.kill()
  const finn = await world.scriptedAgent('finn')
  const assignment = await finn.assignment()
  expect(assignment.session).toMatchObject({ attempt: 1, mode: 'new' })
  await finn.accept(assignment)
  expect(await world.task(number)).toMatchObject({ status: 'processing', attempts: 0 })
  const [lost] = await world.sessions(number)
  expect(lost).toMatchObject({ status: 'failed', failure: 'refused' })
  await finish(world, { agent: finn, number, assignment })
  await expectSound(world, number)
})

test('a task goes to somebody else when a connected agent does not acknowledge it', async () => {
  const silent = await world.scriptedAgent('gus')
  const number = await world.openIssue({ title: 'Is anybody there' })
  await world.process(number)
  await silent.assignment()
  const hana = await world.scriptedAgent('hana')
  const assignment = await hana.assignment()
  expect(assignment.session.attempt).toBe(1)
  await hana.accept(assignment)
  await finish(world, { agent: hana, number, assignment })
})

test('a task goes to somebody else when a free agent declines it', async () => {
  const busy = await world.scriptedAgent('ivan')
  const number = await world.openIssue({ title: 'No thanks' })
  await world.process(number)
  const declined = await busy.assignment()
  const jane = await world.scriptedAgent('jane')
  await busy.send({ type: 'declined', session: declined.session.id, reason: 'not today' })
  const assignment = await jane.assignment()
  await jane.accept(assignment)
  await finish(world, { agent: jane, number, assignment })
})

test('the session completes once when the server restarts in the middle of it', async () => {
  const command = `touch ${at('kim.started')}; while [ ! -e ${at('kim.go')} ]; do sleep 0.05; done; sed -i s/41/42/ src/code.js`
  const kim = await world.agentProcess('kim', command)
  const number = await world.openIssue({ title: 'Survive a restart' })
  await world.process(number)
  await until('the program runs', () => existsSync(at('kim.started')))
  await world.restartServer()
  await until('kim is back', () => kim.log().split('"connected"').length > 2)
  await writeFile(at('kim.go'), '')
  const task = await world.reach(number, 'review', (now) => now.pullRequestNumber !== null)
  expect(await world.sessions(number)).toMatchObject([{ status: 'completed', attempt: 1 }])
  expect((await pullRequests(world)).filter((pull) => pull.head.ref === task.branch)).toHaveLength(1)
  await statusSays(world, number, 'Ready for review')
  await expectSound(world, number)
})

test('an assignment that waits for its acknowledgement is delivered again when the server restarts', async () => {
  const lena = await world.scriptedAgent('lena')
  const number = await world.openIssue({ title: 'Restart at the handover' })
  await world.process(number)
  const first = await lena.assignment()
  await world.restartServer()
  await lena.reconnect()
  const again = await lena.assignment()
  expect(again).toEqual(first)
  await lena.accept(again)
  await finish(world, { agent: lena, number, assignment: again })
  expect(await world.sessions(number)).toHaveLength(1)
})

test('a completion counts once when it is sent again after the connection broke', async () => {
  const mila = await world.scriptedAgent('mila')
  const number = await world.openIssue({ title: 'Say it twice' })
  await world.process(number)
  const assignment = await mila.assignment()
  await mila.accept(assignment)
  await finish(world, { agent: mila, number, assignment })
  await mila.disconnect()
  await mila.reconnect()
  expect(await mila.complete(assignment)).toMatchObject({
    type: 'answer',
    completion: { sessionStatus: 'completed', taskStatus: 'review' },
  })
  expect(await mila.complete(assignment, { summary: 'Something else.' })).toMatchObject({
    type: 'refused',
    code: 'session_ended',
  })
  expect(await world.task(number)).toMatchObject({ tokensUsed: 120 })
  await expectSound(world, number)
})

test('a person has to look when the last permitted attempt fails, and /retry goes on', async () => {
  const command = `test -e ${at('nora.fixed')} && sed -i s/41/42/ src/code.js`
  await world.agentProcess('nora', command)
  const number = await world.openIssue({ title: 'Fail twice' })
  await world.process(number)
  const task = await world.reach(number, 'paused')
  expect(task).toMatchObject({ pauseReason: 'failed', attempts: 2, needsHuman: true })
  expect((await world.sessions(number)).map((session) => session.failure)).toEqual(['error', 'error'])
  await statusSays(world, number, 'Failed: a person has to look', '`/retry` tries again', 'exit status 1')
  await until('the label is there', async () => (await labels(world, number)).includes('needs-human'))
  await expectSound(world, number)

  await writeFile(at('nora.fixed'), '')
  await world.maintainer.comment(number, '/retry')
  const done = await world.reach(number, 'review', (now) => now.pullRequestNumber !== null)
  expect(done.attempts).toBe(0)
  await until('the label is gone', async () => !(await labels(world, number)).includes('needs-human'))
  expect(await world.sessions(number)).toHaveLength(3)
  expect(await statusComments(world, number)).toHaveLength(1)
})
