import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Mirror, openMirrors } from '../../src/git/mirror.ts'
import { SEED } from './harness/gateway.ts'
import { git, temporaryDirectory } from './harness/git-client.ts'
import { type GitHost, startGitHost } from './harness/git-host.ts'

let host: GitHost
let mirror: Mirror
let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let head: string
let first: string

beforeEach(async () => {
  host = await startGitHost(SEED)
  directory = await temporaryDirectory()
  mirror = (await openMirrors({ root: join(directory.path, 'mirrors') })).mirror(5)
  await mirror.fetch(host.remote())
  head = await host.head('main')
  first = await git(host.repository(), 'rev-parse', 'main~1')
})
afterEach(async () => {
  await host.stop()
  await directory.remove()
})

const publish = (more: object) =>
  mirror.publish({ remote: host.remote(), branch: 'agent/x-1', expectedOld: null, newSha: first, ...more })

test('a branch is made, and moved on from where it is expected', async () => {
  expect(await publish({})).toEqual({ ok: true })
  expect(await host.head('agent/x-1')).toBe(first)
  expect(await publish({ expectedOld: first, newSha: head })).toEqual({ ok: true })
  expect(await host.head('agent/x-1')).toBe(head)
})

test('nothing is overwritten when the branch is not where it is expected', async () => {
  await git(host.repository(), 'branch', 'agent/x-1', head)
  const expected = { ok: false, reason: 'moved', settled: true }
  expect(await publish({})).toMatchObject(expected)
  expect(await publish({ expectedOld: first })).toMatchObject(expected)
  expect(await host.head('agent/x-1')).toBe(head)
})

test('a branch that is there already is a success when it is at the new commit', async () => {
  await git(host.repository(), 'branch', 'agent/x-1', first)
  expect(await publish({})).toEqual({ ok: true })
})

test.each([
  ['workflow', 'refusing to allow a GitHub App to create or update workflow x without workflows permission'],
  ['protected', 'error: GH006: Protected branch update failed'],
  ['other', 'error: something else'],
])('a refusal by GitHub is sorted as %s', async (reason, sentence) => {
  await host.refusePushes(sentence)
  expect(await publish({})).toMatchObject({ ok: false, reason, settled: true })
})

test('a refusal names no credentials', async () => {
  const wrong = { url: host.remote().url, token: 'ghs_wrong.token_of-this-test' }
  const result = await publish({ remote: wrong })
  expect(result).toMatchObject({ ok: false, reason: 'unauthorized', settled: true })
  expect(JSON.stringify(result)).not.toContain(wrong.token)
})

test('nothing is published when the time for it is over', async () => {
  expect(await publish({ notAfter: new Date(Date.now() - 1) })).toMatchObject({ ok: false, settled: true })
  await expect(host.head('agent/x-1')).rejects.toThrow()
})

test('the outcome is open when GitHub does not answer in time', async () => {
  host.intercept = (req, res) => {
    // The push hangs; the look at the branch after it fails.
    if (!req.url?.includes('git-receive-pack')) res.destroy()
    return true
  }
  expect(await publish({ timeoutMs: 300 })).toMatchObject({
    ok: false,
    reason: 'unreachable',
    settled: false,
  })
})
