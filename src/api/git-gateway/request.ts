import type { IncomingMessage } from 'node:http'

export type GitService = 'git-upload-pack' | 'git-receive-pack'

export interface GitRoute {
  owner: string
  repo: string
  service: GitService
  /** `refs`: the list of branches that each exchange begins with; `rpc`: the exchange itself. */
  step: 'refs' | 'rpc'
}

const PATH =
  /^\/git\/([\w.-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/

/** The route of a request; null: no such route; undefined: the path is not the gateway's at all. */
export function routeOf(method: string, target: string): GitRoute | null | undefined {
  const cut = target.indexOf('?')
  const path = cut < 0 ? target : target.slice(0, cut)
  if (path !== '/git' && !path.startsWith('/git/')) return undefined
  const [, owner, repo, action] = PATH.exec(path) ?? []
  if (owner === undefined || repo === undefined) return null
  if (action === 'info/refs') {
    const service = new URLSearchParams(cut < 0 ? '' : target.slice(cut + 1)).get('service')
    return method === 'GET' && isService(service) ? { owner, repo, service, step: 'refs' } : null
  }
  return method === 'POST' && isService(action) ? { owner, repo, service: action, step: 'rpc' } : null
}

function isService(text: string | null | undefined): text is GitService {
  return text === 'git-upload-pack' || text === 'git-receive-pack'
}

/** The session token of a request: the password of Basic, or a bearer token; null when there is none. */
export function tokenOf(req: IncomingMessage): string | null {
  const [scheme = '', value = ''] = (req.headers.authorization ?? '').split(/ +/, 2)
  if (scheme.toLowerCase() === 'bearer') return value || null
  if (scheme.toLowerCase() !== 'basic') return null
  const pair = Buffer.from(value, 'base64').toString()
  return pair.slice(pair.indexOf(':') + 1) || null
}

/** The `Git-Protocol` header in the one form that git sends; null when it is absent or something else. */
export function protocolOf(req: IncomingMessage): 'version=1' | 'version=2' | null {
  const header = req.headers['git-protocol']
  return header === 'version=1' || header === 'version=2' ? header : null
}
