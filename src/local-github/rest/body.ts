import type { IncomingMessage } from 'node:http'

export type ReadBody = { ok: true; body: unknown } | { ok: false; status: 400 | 413; message: string }

/** Contents of files travel in bodies, in Base64. */
const maxBytes = 40 * 1024 * 1024

/** Reads a JSON body; an empty one is `undefined`. */
export async function readBody(request: IncomingMessage): Promise<ReadBody> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) return { ok: false, status: 413, message: 'Payload too large' }
    chunks.push(chunk)
  }
  if (size === 0) return { ok: true, body: undefined }
  const text = Buffer.concat(chunks).toString('utf8')
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return { ok: true, body }
    return { ok: false, status: 400, message: 'Body should be a JSON object' }
  } catch {
    return { ok: false, status: 400, message: 'Problems parsing JSON' }
  }
}
