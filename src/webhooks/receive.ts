import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Pool } from 'pg'
import { type ReceivedDelivery, storeDeliveries } from '../db/repositories/webhook-deliveries.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import { endUnread } from '../runtime/end-unread.ts'
import type { Logger } from '../runtime/logger.ts'
import { Batcher } from './batcher.ts'

/** GitHub sends at most 25 MB. https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap */
const MAX_PAYLOAD_BYTES = 25 * 1024 * 1024
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const EVENT = /^[a-z_]{1,50}$/
/** Of all bodies together that are in memory: whoever can reach the door can send, and nothing is known of them yet. */
const MAX_HELD_BYTES = 256 * 1024 * 1024
/** GitHub itself gives up after 10 seconds. https://docs.github.com/webhooks/using-webhooks/handling-webhook-deliveries */
const BODY_MS = 10_000

export interface ReceiverOptions {
  pool: Pool
  /** Accepted secrets, the current one first; the second is for rotation. Never empty. */
  secrets: readonly string[]
  logger: Logger
  /** Called after a batch is stored. */
  onStored: () => void
  maxBytes?: number
  /** Bytes of all bodies that are received at once; 256 MiB unless told. */
  maxHeldBytes?: number
  /** Time for the body to arrive; 10 s unless told. */
  bodyMs?: number
  /** How long the rest of a refused body is thrown away, so that its sender can read why; 2 s unless told. */
  lingerMs?: number
}

/**
 * The door for GitHub's webhooks, on bare node:http: the size is capped while streaming, the signature checked
 * over the raw bytes, and the delivery committed to Postgres before the 202. Nothing is parsed here.
 */
export function createReceiver(
  options: ReceiverOptions,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const { maxBytes = MAX_PAYLOAD_BYTES, bodyMs = BODY_MS, lingerMs } = options
  const memory = createMemory(options.maxHeldBytes ?? MAX_HELD_BYTES)
  if (options.secrets.length === 0) throw new Error('a webhook secret is needed')
  const batcher = new Batcher<ReceivedDelivery>(
    async (batch) => {
      await storeDeliveries(options.pool, batch)
      crashPoint('committed', 'deliveries')
      options.onStored()
    },
    { most: 64, inFlight: 2 },
  )
  const answer = (req: IncomingMessage, res: ServerResponse, status: number, error: string | null): void => {
    const body = JSON.stringify(error === null ? { accepted: true } : { error })
    res.statusCode = status
    res.setHeader('content-type', 'application/json')
    if (status === 405) res.setHeader('allow', 'POST')
    endUnread(req, res, body, lingerMs)
  }
  return async (req, res) => {
    const refusal = checkHeaders(req, maxBytes)
    if (refusal) return answer(req, res, refusal.status, refusal.error)
    const share = memory.share()
    try {
      await receive(req, res, share)
    } finally {
      share.release()
    }
  }

  async function receive(req: IncomingMessage, res: ServerResponse, share: Share): Promise<void> {
    const body = await readBody(req, { maxBytes, bodyMs, share })
    if (!body.ok) return answer(req, res, body.status, body.error)
    const signature = String(req.headers['x-hub-signature-256'] ?? '')
    if (!options.secrets.some((secret) => isSigned(secret, body.bytes, signature))) {
      return answer(req, res, 401, 'The signature in X-Hub-Signature-256 is missing or wrong.')
    }
    try {
      await batcher.add({
        id: String(req.headers['x-github-delivery']).toLowerCase(),
        event: String(req.headers['x-github-event']),
        payload: body.bytes,
      })
      crashPoint('before', 'webhook answer')
    } catch (error) {
      options.logger.error({ err: error }, 'a delivery could not be stored')
      return answer(req, res, 503, 'The delivery could not be stored; deliver it again.')
    }
    answer(req, res, 202, null)
    crashPoint('after', 'webhook answer')
  }
}

const BUSY = 'Too much is being received at once; deliver it again.'

interface HttpRefusal {
  status: number
  error: string
}

function checkHeaders(req: IncomingMessage, maxBytes: number): HttpRefusal | null {
  const { headers } = req
  if (req.method !== 'POST') return { status: 405, error: 'Webhooks are sent with POST.' }
  const type = String(headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase()
  if (type !== 'application/json') {
    return { status: 415, error: "Set the webhook's content type to application/json." }
  }
  if (headers['content-encoding'] !== undefined)
    return { status: 415, error: 'Encoded bodies are not accepted.' }
  if (!GUID.test(String(headers['x-github-delivery'] ?? ''))) {
    return { status: 400, error: 'The header X-GitHub-Delivery must be a GUID.' }
  }
  if (!EVENT.test(String(headers['x-github-event'] ?? ''))) {
    return { status: 400, error: 'The header X-GitHub-Event must name an event.' }
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes)
  return null
}

function tooLarge(maxBytes: number): HttpRefusal {
  return { status: 413, error: `A webhook's body has at most ${maxBytes} bytes.` }
}

/** One request's part of the memory for bodies. */
interface Share {
  /** False, and nothing taken, when there is no room. */
  take(bytes: number): boolean
  release(): void
}

function createMemory(most: number): { share(): Share } {
  let used = 0
  const share = (): Share => {
    let mine = 0
    const take = (bytes: number): boolean => {
      if (used + bytes > most) return false
      used += bytes
      mine += bytes
      return true
    }
    const release = (): void => {
      used -= mine
      mine = 0
    }
    return { take, release }
  }
  return { share }
}

/** Reads the body in memory, at most `maxBytes`, in at most `bodyMs`, as long as there is room for it. */
function readBody(
  req: IncomingMessage,
  { maxBytes, bodyMs, share }: { maxBytes: number; bodyMs: number; share: Share },
): Promise<{ ok: true; bytes: Buffer } | ({ ok: false } & HttpRefusal)> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const timer = setTimeout(
      () => end({ ok: false, status: 408, error: 'The body came too slowly.' }),
      bodyMs,
    )
    const end = (result: { ok: true; bytes: Buffer } | ({ ok: false } & HttpRefusal)): void => {
      clearTimeout(timer)
      req.off('data', onData)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > maxBytes) end({ ok: false, ...tooLarge(maxBytes) })
      else if (!share.take(chunk.length)) end({ ok: false, status: 503, error: BUSY })
      else chunks.push(chunk)
    }
    req.on('data', onData)
    // nearly every body comes in one piece: joining would copy it
    req.on('end', () =>
      end({ ok: true, bytes: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) }),
    )
    req.on('error', () => end({ ok: false, status: 400, error: 'The body was cut off.' }))
  })
}

function isSigned(secret: string, body: Buffer, signature: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
