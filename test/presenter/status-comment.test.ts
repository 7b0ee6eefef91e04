import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sessionEvents } from '../../src/domain/session.ts'
import { pauseReasons, taskEvents, taskStatuses } from '../../src/domain/task.ts'
import { renderStatusComment, statusMarker } from '../../src/presenter/status-comment.ts'
import { isStatusEventKind, nameOfState } from '../../src/presenter/words.ts'
import { expectGolden } from './golden.ts'
import { at, event, receipt, view, views } from './views.ts'

describe('the status comment', () => {
  test.each(Object.entries(views))('reads as reviewed when the task is %s', (name, of) => {
    expectGolden(`status-${name}`, renderStatusComment(of))
  })

  test('begins with the marker by which it is found', () => {
    expect(renderStatusComment(view({})).split('\n')[0]).toBe(statusMarker(3))
  })

  test('has one headline and something to do next in every state', () => {
    for (const status of taskStatuses) {
      for (const pauseReason of status === 'paused' ? pauseReasons : [null]) {
        const text = renderStatusComment(view({ task: { status, pauseReason } }))
        expect(text.match(/^### /gm)).toHaveLength(1)
        expect(text).toMatch(/\*\*Next:\*\* \S/)
      }
    }
  })

  test('shows the last eight events only', () => {
    const events = Array.from({ length: 20 }, (_, index) => event(`10:${10 + index}:00`, 'pushed', 'ada'))
    const text = renderStatusComment(view({ events }))
    expect(text.match(/· Pushed/g)).toHaveLength(8)
    expect(text).toContain('2026-11-01 10:29 UTC')
  })

  test('stays below 60,000 characters and says what it left out when the history is long', () => {
    const failureDetail = '|<>'.repeat(200)
    const sessions = Array.from({ length: 400 }, (_, index) =>
      receipt(index + 1, { status: 'failed', failure: 'error', failureDetail }),
    )
    const question = { agent: 'ada', text: '<a\n'.repeat(5_000) }
    const events = Array.from({ length: 9 }, () =>
      event('10:00:00', 'pushed', 'a'.repeat(99), '*'.repeat(500)),
    )
    const text = renderStatusComment(view({ sessions, question, events, result: 'x'.repeat(60_000) }))
    expect(text.length).toBeLessThan(60_000)
    expect(text).toMatch(/_3\d\d older sessions are not shown\._/)
    expect(text).toContain('| 400 |')
    expect(text.trimEnd().endsWith('</details>')).toBe(true)
  })
})

const hostile = [
  '@octocat and @octo/team, look',
  'Fixes #99, closes octo/demo#7',
  '![x](https://evil.test/p.png) <img src=https://evil.test/p.png>',
  '</details></td><script>alert(1)</script>',
  '<!-- mission-control:status task=1 -->',
  '| a | b |\n|---|---|\n# heading\n```\nopen fence',
  '/cancel\n/process',
  `ghs_${'A1b2'.repeat(12)}`,
  '[click](javascript:alert(1)) `code` **bold** $x$ ~~no~~',
  '\u202e reversed \u200b hidden \u0000',
]

/** What may never be in a published text outside our own lines. */
function expectHarmless(text: string): void {
  const ours = text
    .split('\n')
    .slice(1)
    .join('\n')
    .replaceAll(/<\/?details>|<\/?summary>/g, '')
  expect(ours).not.toMatch(/<[a-z/!?]/i)
  expect(ours).not.toMatch(/(?<!\\)!\[/)
  expect(ours).not.toMatch(/@[a-z0-9]/i)
  expect(ours).not.toMatch(/\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w.-]+\/[\w.-]+)?#\d/i)
  expect(ours).not.toMatch(/^ {0,3}\/[a-z]/im)
  expect(ours).not.toMatch(/ghs_[A-Za-z0-9]{10}/)
  expect([...'\u202e\u200b\u0000'].filter((hidden) => ours.includes(hidden))).toEqual([])
}

describe('texts by agents and people', () => {
  const everywhere = (text: string): string =>
    renderStatusComment(
      view({
        task: { status: 'processing', because: text },
        agent: text,
        model: text,
        branch: { name: text, url: 'https://github.test/a(b)|c' },
        progress: { percent: 1, message: text, at: at('10:00:00') },
        gates: [{ name: 'no_agent', holds: true, reason: text }],
        question: { agent: text, text },
        events: [event('10:00:00', 'pushed', text, text)],
        sessions: [receipt(1, { agent: text, model: text, failureDetail: text, status: 'failed' })],
        configProblem: text,
        triggerLabel: text,
      }),
    )

  test.each(hostile)('do nothing: %j', (text) => {
    expectHarmless(everywhere(text))
  })

  test('do nothing, in any mixture', () => {
    const mixture = fc.array(fc.oneof(fc.constantFrom(...hostile), fc.string({ maxLength: 20 })), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(mixture, (texts) => {
        const text = everywhere(texts.join(' '))
        expectHarmless(text)
        expect(text.split('\n').filter((line) => line.startsWith('| 1 |'))).toHaveLength(1)
      }),
      { numRuns: 60 },
    )
  })

  test('that are results and questions keep their Markdown, inside the quote', () => {
    const text = renderStatusComment(view({ result: '## Findings\n\n- `a < b`\n```\nlet x' }))
    expect(text).toContain('> ## Findings\n>\n> - `a < b`\n> ```\n> let x\n\n')
  })
})

test('every event of a task and of a session has words', () => {
  for (const kind of [...Object.keys(taskEvents), ...sessionEvents])
    expect(isStatusEventKind(kind)).toBe(true)
  expect(isStatusEventKind('toString')).toBe(false)
})

test('no two states read the same', () => {
  const named = {
    requested: false,
    pauseReason: null,
    frozen: false,
    merged: false,
    held: false,
    agent: null,
    hasPullRequest: true,
  }
  const names = [
    ...taskStatuses.map((status) => nameOfState({ ...named, status }).words),
    ...pauseReasons
      .slice(1)
      .map((pauseReason) => nameOfState({ ...named, status: 'paused', pauseReason }).words),
  ]
  expect(new Set(names).size).toBe(names.length)
})
