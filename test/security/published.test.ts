import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commitSubject } from '../../src/agent/worktree.ts'
import { branchName } from '../../src/domain/branch.ts'
import { parseCommands } from '../../src/domain/command.ts'
import { foreignClosings } from '../../src/domain/commit-message.ts'
import { findSecrets } from '../../src/domain/secrets.ts'
import { block, code, inline, quote } from '../../src/presenter/markdown.ts'
import { renderPullRequestBody, renderPullRequestTitle } from '../../src/presenter/pull-request.ts'
import { renderStatusComment } from '../../src/presenter/status-comment.ts'
import { at, event, receipt, view } from '../presenter/views.ts'
import { type Published, published } from './published.ts'

const pullRequest = (text: string) => ({
  task: { id: 3, number: 12, title: text },
  session: { id: 5, attempt: 1 },
  agent: 'ada',
  model: text,
  title: text,
  summary: text,
  spent: { tokens: 1, costMicroUsd: 1 },
  contextSha256: 'a'.repeat(64),
})

const become: Record<Published['where'], (text: string) => string> = {
  'pull request title': (text) => renderPullRequestTitle(pullRequest(text)),
  'commit subject': commitSubject,
  'pull request body': (text) => block(text, 12, 60_000),
  'status line': (text) => inline(text),
  question: (text) => quote(text, 12_000),
  branch: (title) => branchName({ agent: 'ada', title, issue: 12 }),
  name: (text) => code(text),
}

test.each(published)('$where: $name becomes what is written down', ({ where, text, expected }) => {
  expect(become[where](text)).toBe(expected)
})

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '@octocat',
        '&commat;octocat',
        'Fixes #9',
        'closes',
        ':',
        ' acme/other#9',
        'GH-9',
        '/approve',
        '\n',
        '\r',
        '\u2028',
        '\u0085',
        ' ',
        '`',
        '```',
        '|',
        '<!--',
        '-->',
        '<img src=x>',
        '</details>',
        '![](https://evil.example)',
        '![x][y]',
        '\u200b',
        '\u2060',
        '\\',
        'https://github.com/a/b/issues/9',
        `ghp_${'a'.repeat(36)}`,
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 25 },
  )
  .map((pieces) => pieces.join(''))

/** Our own tags and marks; everything else that looks like HTML would be somebody's. */
const OWN_HTML = /<!-- mission-control:[a-z-]+ [^<>]* -->|<\/?details>|<\/?summary>/g

test('what we publish mentions nobody, closes nothing else, commands nothing, loads nothing, whatever people and agents wrote', () => {
  fc.assert(
    fc.property(text, (said) => {
      const status = renderStatusComment(
        view({
          task: { status: 'processing', because: said },
          agent: 'ada',
          model: said,
          triggerLabel: said,
          configProblem: said,
          question: { agent: 'ada', text: said },
          result: said,
          progress: { percent: 10, message: said, at: at('10:00:00') },
          events: [event('10:00:00', 'requested', said, said)],
          sessions: [receipt(1, { model: said, failureDetail: said })],
        }),
      )
      const body = renderPullRequestBody(pullRequest(said))
      const title = renderPullRequestTitle(pullRequest(said))
      for (const out of [status, body, title, commitSubject(said)]) {
        expect(out).not.toMatch(/@[a-z0-9]/i)
        expect(foreignClosings(out, { number: 12, repository: 'acme/site' })).toEqual([])
        expect(findSecrets(out)).toEqual([])
      }
      for (const out of [status, body]) {
        expect(parseCommands(out).commands).toEqual([])
        expect(out.replace(OWN_HTML, '')).not.toMatch(/<[a-z/!?]/i)
        expect(out).not.toMatch(/!\[/)
      }
      expect(status.match(/<!-- mission-control:/g)).toHaveLength(1)
      expect(body.match(/<!-- mission-control:/g)).toHaveLength(1)
      expect(title).not.toMatch(/[\n\r\v\f\u0085\u2028\u2029]/)
    }),
    { numRuns: 500 },
  )
})
