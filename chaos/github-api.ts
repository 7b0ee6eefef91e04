/** Calls the REST API of the local GitHub as a person; throws with its answer when it is refused. */
export type Api = (method: string, path: string, body?: unknown) => Promise<unknown>

const PATIENCE_MS = 30_000

export function apiOf(apiUrl: string, token: string): Api {
  return async (method, path, body) => {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
}
