import type { IncomingMessage } from 'node:http'

/** Room for 65,536 characters of four bytes each, percent-encoded. */
const LARGEST_FORM = 1_048_576

/** The fields of a form; null when it is larger than a form here can be or is no form. Line ends become \n. */
export async function readForm(req: IncomingMessage): Promise<URLSearchParams | null> {
  const type = req.headers['content-type'] ?? ''
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req) {
    if (!Buffer.isBuffer(chunk)) return null
    size += chunk.length
    if (size <= LARGEST_FORM) chunks.push(chunk)
  }
  if (size > LARGEST_FORM || !type.startsWith('application/x-www-form-urlencoded')) return null
  const fields = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
  const plain = new URLSearchParams()
  for (const [name, value] of fields) plain.append(name, value.replace(/\r\n?/g, '\n'))
  return plain
}
