/** The framing of git's wire protocol: four hex digits of length, then the bytes. https://git-scm.com/docs/protocol-common */

export const FLUSH = Buffer.from('0000')

/** The largest payload of one packet. */
export const MAX_PAYLOAD = 65_516

/** Frames one packet. Throws when it would be longer than the protocol allows. */
export function pktLine(payload: string | Buffer): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload
  if (body.length > MAX_PAYLOAD) throw new RangeError('a pkt-line holds at most 65516 bytes')
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body])
}

/** The bytes are not what git's protocol says. The message is fit for the client. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProtocolError'
  }
}

export type Packet = { kind: 'flush'; size: 4 } | { kind: 'line'; payload: Buffer; size: number }

/**
 * Reads the packet at `at`, or answers null while it is incomplete. Lengths are exactly four lower-case hex digits:
 * lenient parsers (`parseInt`) accept '+12f' or ' 12' and then disagree with git about where a packet ends.
 */
export function readPacket(buffer: Buffer, at: number): Packet | null {
  if (buffer.length - at < 4) return null
  const hex = buffer.toString('latin1', at, at + 4)
  if (!/^[0-9a-f]{4}$/.test(hex)) throw new ProtocolError('a packet length is not four hex digits')
  const size = Number.parseInt(hex, 16)
  if (size === 0) return { kind: 'flush', size: 4 }
  // 0001 and 0002 belong to protocol v2, 0003 to nobody, 0004 would be an empty line.
  if (size <= 4) throw new ProtocolError(`the packet ${hex} has no place here`)
  if (size > MAX_PAYLOAD + 4) throw new ProtocolError('a packet is too long')
  if (buffer.length - at < size) return null
  return { kind: 'line', payload: buffer.subarray(at + 4, at + size), size }
}

/** How many bytes from `at` on a packet needs that `readPacket` called incomplete. */
export function neededAt(buffer: Buffer, at: number): number {
  return buffer.length - at < 4 ? 4 : Number.parseInt(buffer.toString('latin1', at, at + 4), 16)
}

/** Sends `text` on a side-band channel: 1 is data, 2 is what git prints after `remote: `. */
export function sideband(channel: 1 | 2, data: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < data.length; at += MAX_PAYLOAD - 1) {
    parts.push(pktLine(Buffer.concat([Buffer.from([channel]), data.subarray(at, at + MAX_PAYLOAD - 1)])))
  }
  return Buffer.concat(parts)
}
