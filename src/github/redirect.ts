const REDIRECTS = [301, 302, 307, 308]
const MOST_HOPS = 2

/** GitHub pointed somewhere this app does not follow; nothing was done there. */
export class RedirectRefused extends Error {
  override readonly name = 'RedirectRefused'
  /** The thing itself now belongs to another repository: a transferred issue. */
  readonly moved: boolean

  constructor(message: string, moved: boolean) {
    super(message)
    this.moved = moved
  }
}

/**
 * A fetch that follows redirects itself: `fetch` turns a redirected POST into a GET, and GitHub answers a renamed
 * repository with 301/307 to `/repositories/<id>/...` but a *transferred issue* with 301 to another repository's
 * id, which must not be followed. The token never leaves the origin.
 * @param repositoryId the repository that the call is about, null when it is about none
 */
export function redirectingFetch(origin: string, repositoryId: number | null): typeof fetch {
  return async (input, init) => {
    let url = input instanceof Request ? input.url : String(input)
    for (let hops = 0; ; hops += 1) {
      const response = await fetch(url, { ...init, redirect: 'manual' })
      if (!REDIRECTS.includes(response.status)) return response
      const location = response.headers.get('location')
      await response.body?.cancel()
      if (location === null || hops === MOST_HOPS) throw new RedirectRefused('too many redirects', false)
      const next = new URL(location, url)
      if (next.origin !== origin) throw new RedirectRefused(`redirected to ${next.origin}`, false)
      const target = /\/repositories\/(\d+)(?:\/|$)/.exec(next.pathname)?.[1]
      if (target !== undefined && repositoryId !== null && Number(target) !== repositoryId) {
        throw new RedirectRefused('it was transferred to another repository', true)
      }
      url = next.href
    }
  }
}
