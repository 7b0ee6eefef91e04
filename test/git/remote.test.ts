import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { remoteFailure, remoteHead } from '../../src/git/remote.ts'
import { createGit, GitError } from '../../src/git/run.ts'
import { SEED } from './harness/gateway.ts'
import { type GitHost, startGitHost } from './harness/git-host.ts'

const git = createGit()

describe('a token that GitHub does not take any more', () => {
  let host: GitHost
  beforeEach(async () => {
    host = await startGitHost(SEED)
  })
  afterEach(() => host.stop())

  test('is replaced and the call repeated when another one can be had', async () => {
    const remote = { ...host.remote(), token: 'ghs_expired', renew: async () => host.token }
    expect(await remoteHead(git, remote, 'main')).toBe(await host.head('main'))
  })

  test('is replaced once when the other one is not taken either', async () => {
    let renewed = 0
    const renew = async () => {
      renewed += 1
      return 'ghs_expired_too'
    }
    const remote = { ...host.remote(), token: 'ghs_expired', renew }
    await expect(remoteHead(git, remote, 'main')).rejects.toMatchObject({ reason: 'unauthorized' })
    expect(renewed).toBe(1)
  })
})

describe('a redirect', () => {
  let host: GitHost
  let other: GitHost
  beforeEach(async () => {
    host = await startGitHost(SEED)
    other = await startGitHost()
  })
  afterEach(async () => {
    await host.stop()
    await other.stop()
  })

  const redirect = (to: string) => {
    host.intercept = (req, res) => {
      if (!req.url?.startsWith('/acme/old.git/')) return false
      res.writeHead(301, { location: `${to}${req.url.replace('/acme/old.git', '/acme/app.git')}` }).end()
      return true
    }
  }

  test('to the new name of a renamed repository is followed', async () => {
    redirect(host.url)
    const remote = { url: `${host.url}/acme/old.git`, token: host.token }
    expect(await remoteHead(git, remote, 'main')).toBe(await host.head('main'))
  })

  test('to another host does not take the token along', async () => {
    redirect(other.url)
    const remote = { url: `${host.url}/acme/old.git`, token: host.token }
    await expect(remoteHead(git, remote, 'main')).rejects.toMatchObject({ reason: 'unauthorized' })
    expect(other.authorizations.length).toBeGreaterThan(0)
    expect(other.authorizations.every((header) => header === '')).toBe(true)
  })

  test('is not followed without a token', async () => {
    redirect(other.url)
    const remote = { url: `${host.url}/acme/old.git`, token: null }
    await expect(remoteHead(git, remote, 'main')).rejects.toMatchObject({ reason: 'not_found' })
    expect(other.authorizations).toEqual([])
  })
})

test('addresses and tokens that could do harm are refused', async () => {
  const bad = [
    { url: 'https://u:p@github.com/a/b', token: null },
    { url: 'ssh://github.com/a/b', token: null },
    { url: '--upload-pack=id', token: null },
    { url: 'https://github.com/a/b', token: 'x\r\nEvil: 1' },
  ]
  for (const remote of bad) await expect(remoteHead(git, remote, 'main')).rejects.toThrow()
})

test.each([
  [
    'workflow',
    '! [remote rejected] a -> a (refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission)',
  ],
  ['protected', 'remote: error: GH006: Protected branch update failed for refs/heads/main.'],
  ['protected', 'remote: error: GH013: Repository rule violations found for refs/heads/x.'],
  ['moved', '[rejected] (stale info)'],
  ['moved', '[remote rejected] (cannot lock ref)'],
  ['unauthorized', "fatal: Authentication failed for 'https://github.com/a/b/'"],
  [
    'unauthorized',
    "remote: Permission to a/b.git denied to app.\nfatal: unable to access 'x': The requested URL returned error: 403",
  ],
  ['unauthorized', 'remote: Write access to repository not granted.'],
  ['not_found', "remote: Repository not found.\nfatal: repository 'https://github.com/a/b/' not found"],
  ['unreachable', "fatal: unable to access 'x': Could not resolve host: github.com"],
  ['unreachable', "fatal: unable to access 'x': The requested URL returned error: 502"],
  ['unreachable', 'fatal: the remote end hung up unexpectedly'],
  ['other', 'remote: error: GH001: Large files detected.'],
])('a failure is sorted as %s when GitHub says %j', (reason, stderr) => {
  expect(remoteFailure(new GitError('push', 'exit', 1, stderr))).toBe(reason)
})
