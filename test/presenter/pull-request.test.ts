import { describe, expect, test } from 'vitest'
import {
  type PullRequestView,
  renderPullRequestBody,
  renderPullRequestTitle,
} from '../../src/presenter/pull-request.ts'
import { expectGolden } from './golden.ts'

const view: PullRequestView = {
  task: { id: 3, number: 12, title: 'The parser drops the last line' },
  session: { id: 5, attempt: 2 },
  agent: 'ada',
  model: 'sonnet',
  title: 'Keep the last line when it has no line feed',
  summary:
    'The loop stopped one line early.\n\n- `src/parser.ts`: read until the end\n- a test for it\n\nFixes #12, fixes #13. Thanks @mona!',
  spent: { tokens: 56_400, costMicroUsd: 4_200 },
  contextSha256: 'ab12cd34ef56'.padEnd(64, '0'),
}

describe('the pull request', () => {
  test('reads as reviewed', () => {
    expectGolden('pull-request', renderPullRequestBody(view))
    expect(renderPullRequestTitle(view)).toBe('Keep the last line when it has no line feed')
  })

  test('closes its own issue and no other, and mentions nobody', () => {
    const body = renderPullRequestBody(view)
    expect(body.split('\n')).toContain('Closes #12: The parser drops the last line')
    expect(body).not.toMatch(/fixes #13/i)
    expect(body).not.toContain('@mona')
  })

  test('fits when the agent writes a book, and keeps its own lines', () => {
    const body = renderPullRequestBody({ ...view, summary: `\`\`\`\n${'<b>x</b> '.repeat(20_000)}` })
    expect(body.length).toBeLessThan(65_536)
    expect(body).toContain('Closes #12')
    expect(body).not.toContain('<b>')
  })

  test('says so when there is no summary', () => {
    expect(renderPullRequestBody({ ...view, summary: '  ' })).toContain('The agent gave no summary')
  })

  test('is titled after the issue when the agent gave no title, or nothing visible', () => {
    expect(renderPullRequestTitle({ ...view, title: null })).toBe('The parser drops the last line')
    expect(renderPullRequestTitle({ ...view, title: '\u200b\u202e' })).toBe('The parser drops the last line')
    expect(renderPullRequestTitle({ ...view, title: null, task: { ...view.task, title: '\u200b' } })).toBe(
      'Issue #12',
    )
  })

  test('has a title of one line and at most 256 characters that closes nothing', () => {
    const title = renderPullRequestTitle({ ...view, title: `fix #9 for @mona\n${'😀'.repeat(300)}` })
    expect(title.length).toBeLessThanOrEqual(256)
    expect(title).not.toMatch(/\n|fix #9|@mona|[\ud800-\udbff]$|[\ud800-\udbff](?![\udc00-\udfff])/)
  })
})
