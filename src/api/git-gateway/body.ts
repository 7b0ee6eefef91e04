import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** The body is longer than it may be, or it is not what its headers say. */
export class BodyError extends Error {
  readonly status: 400 | 413 | 415

  constructor(status: 400 | 413 | 415, message: string) {
    super(message)
    this.name = 'BodyError'
    this.status = status
  }
}

/**
 * The unpacked body, chunk by chunk. Throws `BodyError` as soon as more than `maxBytes` came out of it, so that a
 * small gzip cannot become a large anything, and an ordinary error when the client goes away.
 */
export async function* readBody(
  req: IncomingMessage,
  maxBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const source = unpacked(req)
  let size = 0
  try {
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > maxBytes) throw new BodyError(413, 'The request is too large.')
      yield chunk
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_'))
      throw new BodyError(400, 'The body is no gzip.')
    throw error
  }
}

function unpacked(req: IncomingMessage): Readable {
  const encoding = req.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return req
  if (encoding !== 'gzip' && encoding !== 'x-gzip')
    throw new BodyError(415, 'The content encoding is not supported.')
  const gunzip = createGunzip()
  // Errors reach the reader through gunzip itself.
  pipeline(req, gunzip, () => undefined)
  return gunzip
}
