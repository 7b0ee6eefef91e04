import { describe, expect, test } from 'vitest'
import { matchesAny, matchesGlob } from '../../src/domain/glob.ts'
import { decidePush, type PushFacts } from '../../src/domain/push-policy.ts'

const branch = 'agent/ada-add-a-parser-7'

function push(more: Partial<PushFacts> = {}): PushFacts {
  return {
    branch,
    commands: [{ ref: `refs/heads/${branch}`, kind: 'update', fastForward: true }],
    changedPaths: ['src/parser.ts', 'CONTEXT.md'],
    allow: ['**'],
    protect: ['.github/**', '**/*.pem'],
    bytes: 1000,
    limits: { megabytes: 100, files: 500 },
    commitMessages: ['Add a parser\n\nFixes #7'],
    issue: { number: 7, repository: 'acme/site' },
    secrets: [],
    ...more,
  }
}

const own = { ref: `refs/heads/${branch}`, kind: 'update' as const, fastForward: true }

test('a push of work to the own branch is published', () => {
  expect(decidePush(push())).toEqual({ ok: true })
  expect(decidePush(push({ commands: [{ ...own, kind: 'create' }] }))).toEqual({ ok: true })
})

describe('a push is refused with a sentence', () => {
  const cases: readonly [string, string, Partial<PushFacts>][] = [
    ['it names nothing', 'no_commands', { commands: [] }],
    ['it goes to another branch', 'other_branch', { commands: [{ ...own, ref: 'refs/heads/main' }] }],
    [
      'it goes to another branch too',
      'other_branch',
      { commands: [own, { ...own, ref: 'refs/heads/main' }] },
    ],
    ['it makes a tag', 'other_branch', { commands: [{ ...own, ref: 'refs/tags/v1' }] }],
    ['it names its branch twice', 'other_branch', { commands: [own, own] }],
    ['it deletes the branch', 'deletes_branch', { commands: [{ ...own, kind: 'delete' }] }],
    ['it rewrites commits', 'not_fast_forward', { commands: [{ ...own, fastForward: false }] }],
    ['it is too large', 'too_large', { bytes: 100_000_001 }],
    [
      'it has too many files',
      'too_many_files',
      { changedPaths: Array.from({ length: 501 }, (_, at) => `f${at}`) },
    ],
    ['it changes a workflow', 'workflow_file', { changedPaths: ['.github/workflows/ci.yml'], protect: [] }],
    [
      'it changes a workflow in capitals',
      'workflow_file',
      { changedPaths: ['.GitHub/Workflows/x'], protect: [] },
    ],
    ['it changes a protected path', 'protected_path', { changedPaths: ['deep/down/key.PEM'] }],
    ['it leaves what is allowed', 'path_not_allowed', { allow: ['docs/**'] }],
    ['it has a path into git', 'bad_path', { changedPaths: ['x/.GIT/config'] }],
    ['it has a secret', 'secret', { secrets: [{ rule: 'GitHub token', line: 3, path: 'a.ts' }] }],
    ['it closes another issue', 'closes_other_issue', { commitMessages: ['Fixes #7', 'closes #8'] }],
  ]
  test.each(cases)('when %s', (_name, code, more) => {
    const decision = decidePush(push(more))
    if (decision.ok) throw new Error('it was published')
    expect(decision.code).toBe(code)
    expect(decision.sentence).toMatch(/^[\p{L}\p{N}\p{P}\p{S} ]{10,300}$/u)
  })
})

test('a person is asked when the work itself must not be published, not when the push was clumsy', () => {
  expect(decidePush(push({ changedPaths: ['.github/workflows/ci.yml'] }))).toMatchObject({ needsHuman: true })
  expect(decidePush(push({ commands: [{ ...own, ref: 'refs/heads/main' }] }))).toMatchObject({
    needsHuman: false,
  })
})

test('a path that was built to trick a terminal is shown without its tricks', () => {
  const decision = decidePush(push({ changedPaths: ['.github/\u001b[2J\nremote: all fine\u202e'] }))
  expect(decision).toMatchObject({
    sentence: '.github/?[2J?remote: all fine? is protected by the project (paths.protect)',
  })
})

describe('glob', () => {
  test.each([
    ['**', 'a/b/c', true],
    ['**', '', true],
    ['.github/**', '.github/workflows/ci.yml', true],
    ['.github/**', '.githubx/a', false],
    ['**/*.pem', 'key.pem', true],
    ['**/*.pem', 'a/b/key.pem', true],
    ['**/*.pem', 'a/b/key.pem.txt', false],
    ['*.md', 'README.md', true],
    ['*.md', 'docs/README.md', false],
    ['src/*/x.ts', 'src/a/x.ts', true],
    ['src/*/x.ts', 'src/a/b/x.ts', false],
    ['src/**/x.ts', 'src/x.ts', true],
    ['src/**/test/**', 'src/a/b/test/c/d', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['**/a/**/b', 'x/a/a/y/b', true],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(matchesGlob(pattern, path)).toBe(expected)
  })

  test('no pattern matches nothing', () => {
    expect(matchesAny([], 'a')).toBe(false)
  })

  test('the time stays short when pattern and path are built to take long', () => {
    const started = process.cpuUsage()
    expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(4000))).toBe(false)
    expect(matchesGlob(`${'**/a/'.repeat(200)}b`, 'a/'.repeat(2000))).toBe(false)
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000)
  })
})
