import type { KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Refusal } from '../actions/outcome.ts'
import type { Caller } from '../auth/authenticate.ts'
import type { Faults } from '../faults.ts'
import { contentCreatingOperations } from '../limits.ts'
import { type Match, matchOperation, type Operation } from '../openapi/description.ts'
import { checkRequest } from '../openapi/request-check.ts'
import { responseProblems } from '../openapi/validators.ts'
import { type RequestRecord, remember } from '../requests.ts'
import {
  findRepository,
  formerRepository,
  identify,
  limitKeyOf,
  operationRefusal,
  permissionRefusal,
} from './admit.ts'
import { handlers } from './areas.ts'
import { readBody } from './body.ts'
import type { Answer, Call, RestContext } from './call.ts'
import { conditional } from './conditional.ts'
import { fieldsNotEmulated } from './fields.ts'
import { limitAnswer, notEmulated, refusalAnswer } from './refusals.ts'
import { movedAnswer, pathOf } from './renamed.ts'
import { strike } from './strike.ts'
import { errorAnswer, writeAnswer } from './write.ts'

export interface DoorOptions {
  context: RestContext
  publicKey: KeyObject
  faults: Faults
  requests: RequestRecord[]
  /** Answer 500 with the reason when an answer is not what GitHub describes. */
  checkResponses: boolean
  onError(error: unknown): void
}

interface Visit {
  options: DoorOptions
  request: IncomingMessage
  address: URL
  match: Match
  caller: Caller
  limitKey: string
}

function idOf(match: Match): string | null {
  return match.kind === 'emulated' ? match.operation.id : match.kind === 'known' ? match.id : null
}

/** GitHub's page about the operation that was asked for. */
function docsOf(match: Match): string | undefined {
  return match.kind === 'emulated' ? match.operation.docs : undefined
}

/** Serves one request below the API's base. */
export async function serveRest(
  options: DoorOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startedAt = performance.now()
  const address = new URL(request.url ?? '/', options.context.addresses.url)
  const match = matchOperation(request.method ?? 'GET', pathOf(options.context, address))
  const id = idOf(match)
  const caller = identify(options.context, options.publicKey, request.headers.authorization)
  const record: RequestRecord = {
    method: request.method ?? 'GET',
    path: address.pathname + address.search,
    operationId: id,
    actor: actorWord(caller),
    login: 'kind' in caller && caller.kind === 'actor' ? caller.actor.user.login : null,
    status: 0,
    at: options.context.now(),
    contentCreating: id !== null && contentCreatingOperations.has(id),
    durationMs: 0,
  }
  remember(options.requests, record)
  response.once('close', () => {
    record.status = response.headersSent ? response.statusCode : 0
    record.durationMs = performance.now() - startedAt
  })
  const fault = options.faults.takeRequest(id ?? '', record.path)
  const headers = () => rateHeaders(options.context, callerKey(options.context, caller))
  if (fault && fault.when !== 'after') return strike(fault, request, response, headers())
  const { answer, limited } = await answerTo(options, request, address, match, caller)
  if (fault) return strike(fault, request, response, headers())
  writeAnswer(response, answer, limited ? headers() : {})
}

function actorWord(caller: Caller | Refusal): RequestRecord['actor'] {
  if (!('kind' in caller)) return 'anonymous'
  if (caller.kind === 'app') return 'jwt'
  return caller.kind === 'actor' ? caller.actor.kind : 'anonymous'
}

async function answerTo(
  options: DoorOptions,
  request: IncomingMessage,
  address: URL,
  match: Match,
  caller: Caller | Refusal,
): Promise<{ answer: Answer; limited: boolean }> {
  if (!request.headers['user-agent']) {
    request.resume()
    const message =
      'Request forbidden by administrative rules. Please make sure your request has a User-Agent header'
    return { answer: errorAnswer(403, message), limited: false }
  }
  if ('ok' in caller) {
    request.resume()
    return { answer: refusalAnswer(caller), limited: true }
  }
  const { counters } = options.context
  const limitKey = limitKeyOf(options.context, caller)
  const method = request.method ?? 'GET'
  const entered = counters.enter(limitKey, { operationId: idOf(match), method })
  try {
    const visit = { options, request, address, match, caller, limitKey }
    const answer = entered.ok ? conditional(request, await guarded(visit)) : limitAnswer(entered, limitKey)
    if (answer.status === 304) counters.refund(limitKey)
    return { answer, limited: true }
  } finally {
    counters.leave(limitKey)
    request.resume()
  }
}

/** Bad credentials are shown the rate of those without any. */
function callerKey(context: RestContext, caller: Caller | Refusal): string {
  return 'ok' in caller ? 'anonymous' : limitKeyOf(context, caller)
}

function rateHeaders(context: RestContext, limitKey: string): Record<string, string> {
  const rate = context.counters.rate(limitKey)
  return {
    'x-ratelimit-limit': String(rate.limit),
    'x-ratelimit-remaining': String(rate.remaining),
    'x-ratelimit-used': String(rate.used),
    'x-ratelimit-reset': String(rate.reset),
    'x-ratelimit-resource': 'core',
  }
}

async function guarded(visit: Visit): Promise<Answer> {
  try {
    return await handle(visit)
  } catch (error) {
    const isGone = visit.request.destroyed && !visit.request.complete
    if (!isGone) visit.options.onError(error)
    return errorAnswer(500, 'Server Error')
  }
}

async function handle(visit: Visit): Promise<Answer> {
  const { caller, match } = visit
  if (match.kind === 'unknown') return errorAnswer(404, 'Not Found')
  if (match.kind === 'known') return notEmulated(match.id)
  const { operation, params } = match
  const refused = operationRefusal(caller, operation)
  const docs = docsOf(match)
  if (refused) return refusalAnswer(refused, docs)
  const actor = caller.kind === 'actor' ? caller.actor : null
  const { context } = visit.options
  const isAboutRepository = handlers.reads[operation.id] ?? handlers.writes[operation.id]
  if (!isAboutRepository) {
    const moved = caller.kind === 'app' ? formerRepository(context, params) : undefined
    if (moved) return movedAnswer(context, visit.request.method, visit.address, moved.id)
    return checked(visit, operation, params, (call) => callGeneral(operation, call))
  }
  const found = findRepository(context, actor, params)
  if (found.kind === 'refused') return refusalAnswer(found.refusal, docs)
  if (found.kind === 'moved')
    return movedAnswer(context, visit.request.method, visit.address, found.repository.id)
  const denied = permissionRefusal(actor, operation, found.repository)
  if (denied)
    return {
      ...refusalAnswer(denied.refusal, docs),
      headers: { 'x-accepted-github-permissions': denied.accepted },
    }
  return checked(visit, operation, params, (call) => {
    const { repository } = found
    const write = handlers.writes[operation.id]
    if (write && actor) return write({ ...call, actor, repository })
    const read = handlers.reads[operation.id]
    if (!read) throw new Error(`${operation.id} was let in without an actor.`)
    return read({ ...call, repository })
  })
}

function callGeneral(operation: Operation, call: Call) {
  const signed = handlers.signed[operation.id]
  if (signed && call.actor) return signed({ ...call, actor: call.actor })
  const general = handlers.general[operation.id]
  if (!general) throw new Error(`${operation.id} has no handler.`)
  return general(call)
}

async function checked(
  visit: Visit,
  operation: Operation,
  params: Record<string, string>,
  run: (call: Call) => Promise<Answer | Refusal> | Answer | Refusal,
): Promise<Answer> {
  const { address, caller, limitKey, options, request } = visit
  const read = await readBody(request)
  const { docs } = operation
  if (!read.ok) return errorAnswer(read.status, read.message, { docs })
  const verdict = checkRequest(operation, params, address.searchParams, read.body)
  if (!verdict.ok) return refusalAnswer(verdict, docs)
  const [field] = fieldsNotEmulated(operation.id, verdict.query, read.body)
  if (field !== undefined) return notEmulated(`${operation.id} ${field}`)
  if (contentCreatingOperations.has(operation.id)) {
    const allowed = options.context.counters.create(limitKey)
    if (!allowed.ok) return limitAnswer(allowed, limitKey)
  }
  const result = await run({
    context: options.context,
    actor: caller.kind === 'actor' ? caller.actor : null,
    limitKey,
    params,
    query: verdict.query,
    body: read.body,
    headers: request.headers,
    address,
  })
  if ('ok' in result) return refusalAnswer(result, docs)
  return options.checkResponses ? checkedAnswer(operation, result) : result
}

function checkedAnswer(operation: Operation, answer: Answer): Answer {
  if (answer.raw || answer.status === 501) return answer
  const body: unknown = answer.body === undefined ? undefined : JSON.parse(JSON.stringify(answer.body))
  const problems = responseProblems(operation, answer.status, body)
  if (problems.length === 0) return answer
  return errorAnswer(500, `The answer of ${operation.id} is not what GitHub describes.`, { errors: problems })
}
