import type { ErrorRequestHandler, Response } from 'express'
import { isProblemCode, type ProblemCode, problem } from '../domain/error.ts'
import type { Problem } from '../protocol/problem.ts'
import { endUnread } from '../runtime/end-unread.ts'
import type { Logger } from '../runtime/logger.ts'

/** Answers with an RFC 9457 problem document from the catalog. A code that is not in it is a conflict of state. */
export function sendProblem(res: Response, code: string, detail: string): void {
  const known: ProblemCode = isProblemCode(code) ? code : 'conflict'
  const kind = problem(known)
  const body: Problem = {
    type: `urn:mission-control:problem:${known}`,
    title: kind.message,
    status: kind.status,
    code: known,
    detail,
    fix: kind.fix,
    requestId: String(res.getHeader('x-request-id') ?? ''),
  }
  res.status(kind.status).type('application/problem+json')
  endUnread(res.req, res, JSON.stringify(body))
}

/** The last handler: what body parsing refuses, and what broke. Nothing of an internal error leaves the server. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) return next(error)
    const type = typeof error === 'object' && error !== null && 'type' in error ? String(error.type) : ''
    if (type === 'entity.too.large')
      return sendProblem(res, 'payload_too_large', 'The body has more than 1 MB.')
    if (type === 'entity.parse.failed') return sendProblem(res, 'invalid_request', 'The body is not JSON.')
    if (type.startsWith('encoding.') || type.startsWith('charset.')) {
      return sendProblem(res, 'unsupported_media_type', 'The body has an encoding that is not accepted.')
    }
    if (isClientError(error))
      return sendProblem(res, 'invalid_request', 'The request is damaged, or not what its headers say.')
    logger.error({ err: error, requestId: res.getHeader('x-request-id') }, 'request failed')
    return sendProblem(res, 'internal', 'The server failed; its log has the request id.')
  }
}

/** What express and its parsers throw for a request that cannot be read: a broken address, a body cut off. */
function isClientError(error: unknown): boolean {
  const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500
  return status >= 400 && status < 500
}
