import type { LocalGitHub } from '../../src/local-github/server.ts'

/** Somebody at the local GitHub, acting over its REST API with their own token. */
export interface Person {
  id: number
  login: string
  token: string
  /** Calls an operation on the repository; throws with GitHub's answer when it is refused. */
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  comment(number: number, body: string): Promise<number>
}

export function person(github: LocalGitHub, repository: string, login: string): Person {
  const { id, token } = github.createUser(login)
  const self: Person = {
    id,
    login,
    token,
    async call(method, path, body) {
      const response = await fetch(`${github.apiUrl}/repos/${repository}${path}`, {
        method,
        headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${login}: ${method} ${path}: ${response.status} ${text}`)
      return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    },
    async comment(number, body) {
      return Number((await self.call('POST', `/issues/${number}/comments`, { body })).id)
    },
  }
  return self
}
