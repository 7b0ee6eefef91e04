import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createGit, GitError, redact, stopProcess } from '../../src/git/run.ts'

const git = createGit()

test('the environment holds nothing of ours', async () => {
  const { stdout } = await createGit({ env: { EXTRA: '1' } }).run(['-c', 'alias.env=!env', 'env'])
  const names = stdout
    .toString()
    .split('\n')
    .map((line) => line.split('=')[0])
  expect(names).toEqual(
    expect.arrayContaining(['PATH', 'EXTRA', 'GIT_CONFIG_NOSYSTEM', 'GIT_TERMINAL_PROMPT']),
  )
  expect(names).not.toContain('VITEST')
  expect(names).not.toContain('npm_config_user_agent')
})

test('a failure is a GitError with what git said', async () => {
  const failed = git.run(['rev-parse', '--verify', 'nothing'], { gitDir: '/' })
  await expect(failed).rejects.toMatchObject({ name: 'GitError', failure: 'exit', exitCode: 128 })
  await expect(failed).rejects.toThrow(/not a git repository/)
})

test('git is ended with all that it started when it takes too long', async () => {
  const started = Date.now()
  const slow = git.run(['-c', 'alias.slow=!sleep 20 & sleep 20', 'slow'], { timeoutMs: 200 })
  await expect(slow).rejects.toMatchObject({ failure: 'timeout' })
  expect(Date.now() - started).toBeLessThan(5000)
})

test('git is ended when it says too much, or when nobody wants the answer any more', async () => {
  const yes = ['-c', 'alias.yes=!yes', 'yes']
  await expect(git.run(yes, { maxOutputBytes: 1000 })).rejects.toMatchObject({ failure: 'output' })
  let seen = 0
  const onOutput = (chunk: Buffer) => {
    seen += chunk.length
    return seen < 100_000
  }
  await git.run(yes, { onOutput })
  expect(seen).toBeGreaterThanOrEqual(100_000)
  const aborted = git.run(yes, { signal: AbortSignal.timeout(50), onOutput: () => true })
  await expect(aborted).rejects.toMatchObject({ failure: 'aborted' })
})

test('a missing git is an error that says so', async () => {
  await expect(createGit({ path: '/nowhere' }).run(['version'])).rejects.toMatchObject({ failure: 'spawn' })
})

test('a credential given as configuration is not in the arguments of the process', async () => {
  const secret = 'ghs_very.secret-token_0123456789'
  const child = git.start(['-c', 'alias.wait=!cat', 'wait'], {
    config: [['http.extraHeader', `X: ${secret}`]],
  })
  try {
    child.stdin.write('up\n')
    await new Promise((resolve) => child.stdout.once('data', resolve))
    expect(await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain(secret)
  } finally {
    stopProcess(child)
  }
})

test('credentials are taken out of what is shown', () => {
  const text =
    'a ghs_1.x-y_z b Basic eDpnaHNfMQ== c https://u:p@host/x d mcs_7_abc e hunter2 f github_pat_11A'
  const clean = redact(text, ['hunter2'])
  expect(clean).toBe(
    'a ghs_[redacted] b Basic [redacted] c https://[redacted]@host/x d mcs_[redacted] e [redacted] f github_pat_[redacted]',
  )
})

test('damage is told from other failures, and never believed from the far side', () => {
  expect(new GitError('x', 'exit', 128, 'fatal: bad object HEAD').corrupt).toBe(true)
  expect(new GitError('x', 'exit', 128, 'remote: fatal: bad object HEAD').corrupt).toBe(false)
  expect(new GitError('x', 'exit', 128, 'fatal: unable to access').corrupt).toBe(false)
})
