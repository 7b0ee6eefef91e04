import { expect, test } from 'vitest'
import { IssueEvent } from '../../src/webhooks/events/issues.ts'
import { PayloadError, readPayload } from '../../src/webhooks/payload.ts'

const account = { id: 9, login: 'octocat', type: 'User' }
const event = (updatedAt: string) => ({
  action: 'labeled',
  repository: { id: 5, name: 'site', private: false, default_branch: 'main', owner: account },
  installation: { id: 1 },
  sender: account,
  issue: {
    id: 77,
    number: 12,
    html_url: 'https://github.com/acme/site/issues/12',
    title: 'Add a parser',
    user: account,
    state: 'open',
    updated_at: updatedAt,
    comments: 0,
  },
})

test('a payload is refused for good when it has a time that no database stores', () => {
  for (const time of ['yesterday', '', '2026-13-45T99:99:99Z', '99999999999']) {
    expect(() => readPayload(IssueEvent, event(time))).toThrow(PayloadError)
    expect(() => readPayload(IssueEvent, event(time))).toThrow('issue.updated_at')
  }
  expect(readPayload(IssueEvent, event('2026-11-23T09:44:00Z')).issue.number).toBe(12)
  expect(readPayload(IssueEvent, event('2026-11-23T10:44:00+01:00')).issue.number).toBe(12)
})
