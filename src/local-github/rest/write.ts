import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { ErrorDetail } from '../actions/outcome.ts'
import type { Answer } from './call.ts'

const documentation = 'https://docs.github.com/rest'

/** An error body in GitHub's shape. */
export function errorAnswer(
  status: number,
  message: string,
  more: {
    errors?: ErrorDetail[] | string[]
    headers?: Record<string, string>
    url?: string
    docs?: string | undefined
  } = {},
): Answer {
  const { docs = documentation, errors, headers, url } = more
  return {
    status,
    body: {
      message,
      ...(errors && { errors }),
      ...(url !== undefined && { url }),
      documentation_url: docs,
      status: String(status),
    },
    ...(headers && { headers }),
  }
}

/** Writes an answer with the headers that every answer of GitHub's has. */
export function writeAnswer(response: ServerResponse, answer: Answer, headers: Record<string, string>): void {
  const { body, raw, status } = answer
  const content = raw?.content ?? (body === undefined ? '' : JSON.stringify(body))
  const type = raw?.type ?? 'application/json; charset=utf-8'
  response.writeHead(status, {
    'x-github-request-id': randomUUID(),
    'x-github-media-type': 'github.v3; format=json',
    'cache-control': 'private, max-age=0, no-cache',
    ...headers,
    ...answer.headers,
    ...(content.length > 0 && { 'content-type': type, 'content-length': Buffer.byteLength(content) }),
  })
  response.end(content)
}
