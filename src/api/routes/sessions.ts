import { Router } from 'express'
import type { z } from 'zod'
import type { Session } from '../../db/repositories/sessions.ts'
import { sessionByToken } from '../../orchestrator/authorize-session.ts'
import { completeSession } from '../../orchestrator/complete-session.ts'
import type { Orchestrator } from '../../orchestrator/orchestrator.ts'
import { reportProgress } from '../../orchestrator/report-progress.ts'
import { describeMistake } from '../../protocol/mistake.ts'
import { CompletionReport, ProgressReport } from '../../protocol/report.ts'
import { sendProblem } from '../problem.ts'

/** `POST /api/v1/tasks/:id/progress` and `/complete`: what a session reports of its own task. */
export function sessionRoutes(orchestrator: Orchestrator): Router {
  const router = Router()

  router.post('/api/v1/tasks/:id/progress', async (req, res) => {
    const caller = await authorize(req.headers.authorization, String(req.params.id))
    if (!caller.ok) return sendProblem(res, caller.code, caller.reason)
    const body = parse(ProgressReport, req.body)
    if (!body.ok) return sendProblem(res, body.code, body.reason)
    const result = await reportProgress(orchestrator, caller.session.id, body.value)
    if (!result.ok) return sendProblem(res, result.code, result.reason)
    res.json(result.answer)
  })

  router.post('/api/v1/tasks/:id/complete', async (req, res) => {
    const caller = await authorize(req.headers.authorization, String(req.params.id))
    if (!caller.ok) return sendProblem(res, caller.code, caller.reason)
    const body = parse(CompletionReport, req.body)
    if (!body.ok) return sendProblem(res, body.code, body.reason)
    const result = await completeSession(orchestrator, caller.session.id, body.value)
    if (!result.ok) return sendProblem(res, result.code, result.reason)
    res.json(result.answer)
  })

  return router

  async function authorize(
    header: string | undefined,
    taskId: string,
  ): Promise<{ ok: true; session: Session } | { ok: false; code: string; reason: string }> {
    const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1]
    const session = token && (await sessionByToken(orchestrator.db, orchestrator.keys, token))
    if (!session) return { ok: false, code: 'unauthorized', reason: 'A session token is needed.' }
    if (String(session.taskId) !== taskId) {
      return { ok: false, code: 'not_found', reason: 'This session has no such task.' }
    }
    return { ok: true, session }
  }
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): { ok: true; value: z.infer<Schema> } | { ok: false; code: string; reason: string } {
  const parsed = schema.safeParse(body)
  if (parsed.success) return { ok: true, value: parsed.data }
  const { code, detail } = describeMistake(parsed.error)
  return { ok: false, code, reason: detail }
}
