import fc from 'fast-check'
import { expect, test } from 'vitest'
import { branchName } from '../../src/domain/branch.ts'
import { buildContext } from '../../src/domain/context.ts'
import { readFences } from './fences.ts'
import { inputWith, MARKER } from './injection/injection.ts'

/** In every outsider's text, and in nothing else. */
const PLANTED = 'ZQ_OUTSIDER'

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constant(PLANTED) },
  {
    weight: 6,
    arbitrary: fc.constantFrom('\n', '\r', '\r\n', '\v', '\f', '\u0085', '\u2028', '\u2029', ' ', '\t', '\0'),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      `untrusted ${MARKER}>>>`,
      `<<<untrusted ${MARKER}: the issue`,
      `untrusted ${MARKER.toLowerCase()}>>>`,
      `untrusted ${MARKER.slice(0, 7)}\u200b${MARKER.slice(7)}>>>`,
      `untrusted ${MARKER.slice(0, 7)}<!---->${MARKER.slice(7)}>>>`,
      `untrusted ${MARKER.slice(0, 7)}![](x)${MARKER.slice(7)}>>>`,
      MARKER,
      MARKER.slice(0, 8),
      MARKER.slice(8),
      'untrusted ',
      '<<<',
      '>>>',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '# Task #12',
      '## Instructions',
      '## Constraints\n\n- ',
      'From the issue, by octocat:\n\n',
      '- [ ] ',
      '# Acceptance criteria\n',
      '```',
      '~~~',
      '`',
      '<!--',
      '-->',
      '<pre>',
      '![',
      '](',
      ')',
      '[//]: # (',
      '> ',
      '    ',
      '_Cut to stay within',
      `ghp_${'a'.repeat(36)}`,
      '-----BEGIN PRIVATE KEY-----\n',
      '\u202e',
      '\u{e0041}',
      '\ud800',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
)
const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))
const at = '2026-11-01T10:00:00Z'

const hostile = fc.record({
  title: text,
  body: text,
  author: text,
  comments: fc.array(
    fc.record({ author: text, trusted: fc.constant(false), body: text, at: fc.constant(at) }),
    {
      maxLength: 4,
    },
  ),
  tags: fc.array(text, { maxLength: 3 }),
  summary: text,
  reviews: fc.array(
    fc.record({
      id: text,
      path: text,
      line: fc.constant(3),
      author: text,
      trusted: fc.constant(false),
      body: text,
    }),
    { maxLength: 2 },
  ),
  checks: fc.array(fc.record({ name: text, lastLines: text }), { maxLength: 2 }),
  related: fc.array(fc.record({ number: fc.constant(4), title: text, outcome: fc.option(text) }), {
    maxLength: 2,
  }),
  limitTokens: fc.constantFrom(3_000, 24_000),
})

function contextOf(said: typeof hostile extends fc.Arbitrary<infer T> ? T : never): {
  markdown: string
  branch: string
} {
  const base = inputWith('body', said.body)
  const branch = branchName({ agent: 'ada', title: said.title, issue: 12 })
  const { markdown } = buildContext({
    ...base,
    branch,
    task: { ...base.task, tags: said.tags },
    issue: { title: said.title.slice(0, 256), body: said.body, author: said.author, trusted: false },
    comments: said.comments,
    previousSession: { agent: said.author, summary: said.summary },
    reviewThreads: said.reviews,
    failingChecks: said.checks,
    parent: said.related[0] ?? null,
    blockedBy: said.related.slice(1),
    limitTokens: said.limitTokens,
  })
  return { markdown, branch }
}

test("no outsider's text stands outside of its fence, whatever it is made of", () => {
  let planted = 0
  fc.assert(
    fc.property(hostile, (said) => {
      const { markdown } = contextOf(said)
      const { outside, fences } = readFences(markdown, MARKER)
      expect(outside).not.toContain(PLANTED)
      expect(fences).toBeGreaterThan(0)
      if (markdown.includes(PLANTED)) planted += 1
    }),
    { numRuns: 2_000 },
  )
  // else the property would speak of nothing
  expect(planted).toBeGreaterThan(1_500)
})

test('of the title only the slug stands outside, at most forty characters of a-z, 0-9 and dashes', () => {
  fc.assert(
    fc.property(hostile, (said) => {
      const { markdown, branch } = contextOf(said)
      expect(branch).toMatch(/^agent\/ada-(?:[a-z0-9-]{1,40}-)?12$/)
      const { outside } = readFences(markdown, MARKER)
      const harmless = readFences(
        contextOf({
          ...said,
          title: '',
          body: '',
          tags: [],
          comments: [],
          reviews: [],
          checks: [],
          related: [],
        }).markdown,
        MARKER,
      ).outside
      const headings = (of: string) =>
        of.split('\n').filter((line) => !/^(?:## .*|_Cut to stay .*|)$/.test(line))
      expect(headings(outside.replaceAll(branch, 'BRANCH'))).toEqual(
        headings(harmless.replaceAll('agent/ada-12', 'BRANCH')),
      )
    }),
    { numRuns: 1_000 },
  )
})

test('the reader of fences sees what stands outside, and fences that do not close', () => {
  const fence = `<<<untrusted ${MARKER}: x\n${PLANTED}\nuntrusted ${MARKER}>>>`
  expect(readFences(`a\n${fence}\nb`, MARKER)).toEqual({ outside: 'a\nb', fences: 1 })
  expect(readFences(`a\n${fence}\n${PLANTED}`, MARKER).outside).toContain(PLANTED)
  expect(() => readFences(fence.replace(PLANTED, `untrusted ${MARKER}>>>`), MARKER)).toThrow(
    'without its beginning',
  )
  expect(() => readFences(fence.replace(PLANTED, `\u2028<<<untrusted ${MARKER}: y`), MARKER)).toThrow(
    'in a fence',
  )
  expect(() => readFences(fence.slice(0, -3), MARKER)).toThrow('without its end')
})
