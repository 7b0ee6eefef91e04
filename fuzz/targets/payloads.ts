import type { z } from 'zod'
import { RepositoriesPayload } from '../../src/webhooks/events/installation.ts'
import { CommentEvent } from '../../src/webhooks/events/issue-comment.ts'
import { IssueEvent, LabelEvent } from '../../src/webhooks/events/issues.ts'
import { PullRequestEvent } from '../../src/webhooks/events/pull-request.ts'
import { PushEvent } from '../../src/webhooks/events/push.ts'
import {
  AnyEvent,
  issueSnapshot,
  PayloadError,
  parsePayload,
  RepositoryEvent,
  readPayload,
  repositorySnapshot,
} from '../../src/webhooks/payload.ts'
import { promised, same, type Target } from '../target.ts'

const SCHEMAS: readonly z.ZodType[] = [
  AnyEvent,
  RepositoryEvent,
  RepositoriesPayload,
  CommentEvent,
  LabelEvent,
  PullRequestEvent,
  PushEvent,
]

export const payloads: Target = {
  name: 'payloads',
  promises: [
    'a body is read, or refused with a value; a payload is read, or refused with PayloadError',
    'what was read is read again as the same',
    'facts of an issue can be stored: positive numbers, times that are times',
  ],
  words: [
    '"action":"labeled"',
    '"issue":',
    '"user":null',
    '"body":null',
    '"labels":[{"name":"process"}]',
    '"installation":{"id":1}',
    '"sender":{"id":1,"login":"a","type":"User"}',
    '"updated_at":"2026-11-23T09:44:00Z"',
    '"__proto__":{"admin":true}',
    '"constructor":{"prototype":{"admin":true}}',
    '"id":-1',
    '"id":1e400',
    '9007199254740993',
    '\\u0000',
    '\\ud800',
    'null',
    '[]',
    '{}',
  ],
  run(bytes) {
    const parsed = parsePayload(Buffer.from(bytes))
    if (!parsed.ok) {
      promised(parsed.error !== '', 'a refusal without a reason')
      return
    }
    for (const schema of SCHEMAS) readTwice(schema, parsed.payload)
    const event = attempt(IssueEvent, parsed.payload)
    if (event === null) return
    const facts = issueSnapshot(event.issue)
    promised(facts.number > 0 && facts.id > 0 && facts.authorId > 0, 'an issue without a number')
    promised(!Number.isNaN(facts.updatedAt.getTime()), 'a time that is none')
    promised(typeof facts.title === 'string' && typeof facts.body === 'string', 'an issue without a text')
    promised(repositorySnapshot(event).githubId > 0, 'a repository without a number')
  },
}

function readTwice(schema: z.ZodType, payload: object): void {
  const read = attempt(schema, payload)
  if (read !== null) same(attempt(schema, read), read, 'a payload read again')
}

function attempt<Schema extends z.ZodType>(schema: Schema, payload: unknown): z.infer<Schema> | null {
  try {
    return readPayload(schema, payload)
  } catch (error) {
    if (error instanceof PayloadError) return null
    throw error
  }
}
