import { createAppAuth } from '@octokit/auth-app'
import type { Place } from './place.ts'

export type Json = Record<string, unknown>

/** Calls operations of a GitHub as one caller; `expected` statuses beside 2xx do not throw. */
export type Call = (method: string, path: string, body?: unknown, expected?: number[]) => Promise<Json>

function caller(apiUrl: string, authorization: () => Promise<string>): Call {
  return async (method, path, body, expected = []) => {
    const response = await fetch(apiUrl + path, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: await authorization(),
        'user-agent': 'mission-control-test',
        'x-github-api-version': '2022-11-28',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok && !expected.includes(response.status))
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`)
    return text === '' ? {} : (JSON.parse(text) as Json)
  }
}

/** The person of a place, over any address of its API. */
export const asPerson = ({ personToken }: Place, apiUrl: string): Call =>
  caller(apiUrl, async () => `Bearer ${personToken}`)

/** The app of a place, over any address of its API. */
export function asApp({ appId, privateKey }: Place, apiUrl: string): Call {
  const auth = createAppAuth({ appId, privateKey })
  return caller(apiUrl, async () => `Bearer ${(await auth({ type: 'app' })).token}`)
}
