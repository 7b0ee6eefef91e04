import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agentNamePattern, branchName, isAgentName, issueOfBranch, slug } from '../../src/domain/branch.ts'

const agents = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,38}$/)
const titles = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 256 }),
  fc.string({ unit: 'grapheme', maxLength: 256 }),
)
const issues = fc.integer({ min: 1, max: 10_000_000 })

const tricks = [
  '',
  '   ',
  '🚀'.repeat(256),
  'שלום עולם \u202e gpj.exe',
  '\u200b\u200d\ufeff',
  '$(rm -rf /) `id` ; && | > /dev/null',
  '**bold** [link](http://x) ![img](y) # h',
  '../../etc/passwd',
  '--upload-pack=evil',
  'a'.repeat(300),
  '.lock',
  'x.lock',
  '@{-1}',
  'HEAD',
  'refs/heads/main',
  'ﬁx the Ångström naïve İstanbul straße',
  '\u0000\u001f\u007f',
  'new\nline\ttab',
]

describe('slug', () => {
  test('folds letters with marks and separates words with one dash', () => {
    expect(slug('Fix the  Ångström (naïve) parser!')).toBe('fix-the-angstrom-naive-parser')
    expect(slug("don't  _panic_")).toBe('dont-panic')
  })

  test('is made of letters, digits and inner dashes only, and cut', () => {
    fc.assert(
      fc.property(titles, fc.integer({ min: 1, max: 60 }), (title, limit) => {
        const made = slug(title, limit)
        expect(made).toMatch(/^(?:[a-z0-9]+(?:-[a-z0-9]+)*)?$/)
        expect(made.length).toBeLessThanOrEqual(limit)
        expect(slug(made, limit)).toBe(made)
      }),
      { numRuns: 500 },
    )
  })
})

describe('branch name', () => {
  test('has the agent, the title and the number', () => {
    expect(branchName({ agent: 'ada', title: 'Add a parser', issue: 12 })).toBe('agent/ada-add-a-parser-12')
  })

  test('stays valid when nothing of the title is left', () => {
    expect(branchName({ agent: 'ada', title: '🚀🚀', issue: 7 })).toBe('agent/ada-7')
  })

  test('tells its issue, so two issues never share one', () => {
    fc.assert(
      fc.property(agents, titles, issues, (agent, title, issue) => {
        expect(issueOfBranch(branchName({ agent, title, issue }))).toBe(issue)
      }),
      { numRuns: 500 },
    )
  })

  test('is refused when the agent or the number is not one', () => {
    expect(() => branchName({ agent: 'Ada Lovelace', title: 'x', issue: 1 })).toThrow(RangeError)
    expect(() => branchName({ agent: 'ada', title: 'x', issue: 0 })).toThrow(RangeError)
  })

  test('is taken by git for every title', () => {
    const random = fc.sample(fc.tuple(agents, titles, issues), 300)
    const names = [
      ...tricks.map((title, at) => branchName({ agent: 'a-', title, issue: at + 1 })),
      ...random.map(([agent, title, issue]) => branchName({ agent, title, issue })),
    ]
    const script = 'while IFS= read -r name; do git check-ref-format --branch "$name" || exit 1; done'
    const result = spawnSync('sh', ['-c', script], { input: `${names.join('\n')}\n`, encoding: 'utf8' })
    expect(result.stderr).toBe('')
    expect(result.stdout.trim().split('\n')).toEqual(names)
  })
})

test('agent names are short, lower case and start with no dash', () => {
  expect(['ada', '0', 'a-b', 'a'.repeat(39)].every(isAgentName)).toBe(true)
  expect(['', '-a', 'A', 'a_b', 'a'.repeat(40), 'a\n'].some(isAgentName)).toBe(false)
  expect(agentNamePattern.flags).toBe('')
})

test('a branch that was not made for an issue has none', () => {
  for (const name of ['main', 'agent/ada', 'agent/ada-x', 'agent/ada-0', 'agents/ada-1', 'agent/a/b-1']) {
    expect(issueOfBranch(name)).toBe(null)
  }
})
