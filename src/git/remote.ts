import { isAbsolute } from 'node:path'
import { crashPoint } from '../runtime/crash-points.ts'
import { type Git, GitError } from './run.ts'

/** A repository on GitHub and the token that opens it; null for reading in public. */
export interface Remote {
  url: string
  token: string | null
  /** Another token, for when GitHub does not take this one any more. */
  renew?(): Promise<string>
}

export type RemoteFailure =
  | 'moved'
  | 'workflow'
  | 'protected'
  | 'not_found'
  | 'unauthorized'
  | 'unreachable'
  | 'other'

/** GitHub refused or could not be reached. The message holds no credentials. */
export class RemoteError extends Error {
  readonly reason: RemoteFailure

  constructor(reason: RemoteFailure, message: string) {
    super(message)
    this.name = 'RemoteError'
    this.reason = reason
  }
}

/** What a call of git needs to reach a remote, beside its address. */
export interface RemoteAccess {
  config: [string, string][]
  env: Record<string, string>
  secrets: string[]
}

const TOKEN_VARIABLE = 'MISSION_CONTROL_GIT_TOKEN'
const REFUSED = /authentication failed|could not read (username|password)|error: 401/i
const REDIRECTED = /returned error: 30[1278]|unable to update url base from redirection/

/**
 * Runs `call` with credentials for the remote. They travel in the environment: never in arguments, the address or a
 * stored configuration.
 *
 * Redirects are off at first, because git would send the header on to whatever host it is redirected to. A renamed
 * repository answers 301: then the call is repeated with redirects on and the token behind a credential helper that
 * answers for the original host alone. A token that is refused, so that nothing was done, is renewed once.
 */
export async function withRemote<T>(remote: Remote, call: (access: RemoteAccess) => Promise<T>): Promise<T> {
  assertAddress(remote.url)
  const { token, url } = remote
  if (token === null) return call({ config: [], env: {}, secrets: [] })
  try {
    return await withToken(url, token, call)
  } catch (error) {
    if (!remote.renew || !(error instanceof GitError) || !REFUSED.test(error.stderr)) throw error
    return withToken(url, await remote.renew(), call)
  }
}

async function withToken<T>(
  url: string,
  token: string,
  call: (access: RemoteAccess) => Promise<T>,
): Promise<T> {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new RangeError('a token holds printable ASCII only')
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64')
  const secrets = [token, basic]
  try {
    return await call({ config: [['http.extraHeader', `Authorization: Basic ${basic}`]], env: {}, secrets })
  } catch (error) {
    if (!(error instanceof GitError) || !REDIRECTED.test(error.stderr)) throw error
    return call({ config: redirectConfig(url), env: { [TOKEN_VARIABLE]: token }, secrets })
  }
}

function redirectConfig(url: string): [string, string][] {
  const answer = `printf 'username=x-access-token\\npassword=%s\\n' "$${TOKEN_VARIABLE}"`
  return [
    ['http.followRedirects', 'initial'],
    [`credential.${new URL(url).origin}.helper`, `!f() { test "$1" != get || ${answer}; }; f`],
  ]
}

/** Addresses come from GitHub and from configuration, not from agents; this stops accidents. */
function assertAddress(url: string): void {
  if (isAbsolute(url)) return
  const { protocol, username, password } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new RangeError('a remote is reached by http(s) only')
  if (username !== '' || password !== '') throw new RangeError('a remote address holds no credentials')
}

/** The order matters: GitHub's refusals of a ref also contain the general words further down. */
const PATTERNS: readonly (readonly [RemoteFailure, RegExp])[] = [
  ['workflow', /refusing to allow .*workflow|without .?workflows?.? (scope|permission)/i],
  ['protected', /protected branch|rule violations|GH006|GH013|push declined due to/i],
  [
    'moved',
    /stale info|non-fast-forward|fetch first|remote ref updated|cannot lock ref|failed to update ref/i,
  ],
  [
    'unauthorized',
    /authentication failed|could not read (username|password)|error: 40[13]|permission to .* denied/i,
  ],
  ['unauthorized', /write access to repository not granted/i],
  ['not_found', /repository not found|repository '.*' not found|error: 404|does not appear to be a git/i],
  ['not_found', /error: 30[1278]/],
  [
    'unreachable',
    /could not resolve|failed to connect|couldn't connect|connection (refused|reset|timed out)/i,
  ],
  ['unreachable', /timed out|operation too slow|empty reply|error: (5\d\d|429)|HTTP (5\d\d|429)|early EOF/i],
  ['unreachable', /hung up|recv failure|send failure|transfer closed|RPC failed|SSL|gnutls|TLS/i],
]

/** Sorts a failure of git against a remote into what a person, or a retry, can do about it. */
export function remoteFailure(error: GitError): RemoteFailure {
  if (error.failure === 'timeout') return 'unreachable'
  return PATTERNS.find(([, pattern]) => pattern.test(error.stderr))?.[0] ?? 'other'
}

/** The sentence of git's stderr that says most: GitHub's own words first. */
export function remoteMessage(error: GitError): string {
  if (error.failure === 'timeout') return 'GitHub did not answer in time'
  const lines = error.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const said = lines.filter((line) => /^remote: (error|fatal|refusing|.*denied|.*not found)/i.test(line))
  const refused = lines.filter((line) => /\[(remote )?rejected\]/.test(line))
  const fatal = lines.filter((line) => /^(fatal|error):/.test(line))
  return ([...said, ...refused, ...fatal, ...lines][0] ?? 'git failed without a message').slice(0, 300)
}

/**
 * Asks where a branch stands now: its commit, or null when it does not exist. Throws `RemoteError`.
 * @param timeoutMs default 30 s
 */
export async function remoteHead(
  git: Git,
  remote: Remote,
  branch: string,
  timeoutMs = 30_000,
): Promise<string | null> {
  const ref = `refs/heads/${branch}`
  crashPoint('before', 'git ls-remote')
  try {
    const { stdout } = await withRemote(remote, ({ config, env, secrets }) =>
      git.run(['ls-remote', '--quiet', '--', remote.url, ref], { config, env, secrets, timeoutMs }),
    )
    crashPoint('after', 'git ls-remote')
    // A pattern also matches the end of longer names.
    const lines = stdout.toString().split('\n')
    return lines.find((line) => line.slice(41) === ref)?.slice(0, 40) ?? null
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    throw new RemoteError(remoteFailure(error), remoteMessage(error))
  }
}
