import type { Answer, RestContext } from './call.ts'
import { errorAnswer } from './write.ts'

/** Where the API begins, as on a GitHub Enterprise server. */
export const apiBase = '/api/v3'

/** The path below the base; `/repositories/{id}` is where redirects of renamed repositories lead. */
export function pathOf(context: RestContext, address: URL): string {
  const path = address.pathname.slice(apiBase.length)
  const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? []
  const { repositories } = context.store
  const repository = id === undefined ? undefined : repositories.byId(Number(id))
  return repository ? `/repos/${repositories.fullName(repository)}${rest}` : path
}

/** GitHub sends reads on with 301 and everything else with 307, so that the method stays. */
export function movedAnswer(
  context: RestContext,
  method: string | undefined,
  address: URL,
  repositoryId: number,
): Answer {
  const rest = /^\/repos\/[^/]+\/[^/]+(.*)$/.exec(address.pathname.slice(apiBase.length))?.[1] ?? ''
  const url = `${context.addresses.apiUrl}/repositories/${repositoryId}${rest}${address.search}`
  const status = method === 'GET' ? 301 : 307
  return errorAnswer(status, 'Moved Permanently', { url, headers: { location: url } })
}
