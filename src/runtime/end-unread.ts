import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long the rest of a refused body is thrown away. */
const LINGER_MS = 2_000

/**
 * Sends the last part of an answer (the status and the headers are set already), whether or not the request's body
 * was read to its end. Of an unread body the rest is thrown away for a while, and the connection ends: a close with
 * unread bytes is a reset, which may reach the sender before it has read the answer (RFC 9112 section 9.6).
 */
export function endUnread(
  req: IncomingMessage,
  res: ServerResponse,
  body: string,
  lingerMs: number = LINGER_MS,
): void {
  res.setHeader('content-length', Buffer.byteLength(body))
  if (req.complete) {
    res.end(body)
    return
  }
  res.setHeader('connection', 'close')
  // the answer is complete for its reader; `end` would destroy the socket at once
  res.write(body)
  const end = (): void => {
    clearTimeout(timer)
    res.end()
  }
  const timer = setTimeout(end, lingerMs)
  req.once('end', end)
  req.once('close', end)
  req.resume()
}
