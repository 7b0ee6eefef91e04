import type { RawData } from 'ws'
import { ServerFrame } from '../protocol/socket.ts'

type ReadFrame =
  | { ok: true; frame: ServerFrame }
  | { ok: false; type: unknown; session: number | null; problem: string }

/**
 * Reads one frame of the server. Of a frame that breaks the schema its type and session are still told, where they
 * can be read, so that an assignment can be declined instead of timing out.
 */
export function readFrame(data: RawData): ReadFrame {
  let json: unknown
  try {
    json = JSON.parse(data.toString())
  } catch {
    return { ok: false, type: null, session: null, problem: 'not JSON' }
  }
  const parsed = ServerFrame.safeParse(json)
  if (parsed.success) return { ok: true, frame: parsed.data }
  const loose = json as { type?: unknown; assignment?: { session?: { id?: unknown } } } | null
  const session = loose?.assignment?.session?.id
  const problem = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  return {
    ok: false,
    type: loose?.type,
    session: typeof session === 'number' && Number.isSafeInteger(session) && session > 0 ? session : null,
    problem: problem.slice(0, 400),
  }
}
