import { FLUSH, neededAt, ProtocolError, pktLine, readPacket } from '../../src/git/pkt-line.ts'
import { isRefName, type ReceiveHeader, ReceiveHeaderParser } from '../../src/git/receive-header.ts'
import { promised, same, type Target } from '../target.ts'

const ZERO = '0'.repeat(40)

/** What reading gave: a head with what follows it, `null` for "more, please", or the words of the refusal. */
type Read = { header: ReceiveHeader; rest: string } | { refused: string } | null

export const pktLines: Target = {
  name: 'pkt-lines',
  promises: [
    'a packet is read, waited for or refused with ProtocolError',
    'a packet that was read is what writing its payload gives',
    'a head of a push is the same however it is cut into chunks',
    'a head that was accepted is accepted again when it is written anew, and means the same',
  ],
  words: [
    '0000',
    '0001',
    '0004',
    '0005',
    'fff0',
    'ffff',
    'shallow ',
    'push-cert',
    '\0',
    '\0 report-status side-band-64k atomic',
    'object-format=sha256',
    'object-format=sha1',
    'refs/heads/agent/ada-1',
    'refs/heads/../x.lock',
    'refs/heads/-x',
    ZERO,
    'a'.repeat(40),
    'a'.repeat(64),
    `${ZERO} ${'a'.repeat(40)} refs/heads/x`,
  ],
  run(bytes) {
    const buffer = Buffer.from(bytes)
    packets(buffer)
    const whole = read([buffer])
    for (const step of [1, 2, 3, 5, 1000]) {
      if (step < 5 && buffer.length > 4_000) continue
      same(read(chunks(buffer, step)), whole, `chunks of ${step} bytes`)
    }
    if (whole === null || !('header' in whole)) return
    for (const { ref } of whole.header.commands) promised(isRefName(ref), `accepted the ref ${ref}`)
    same(read([write(whole.header)]), { header: whole.header, rest: '' }, 'written anew')
  },
}

function packets(buffer: Buffer): void {
  let at = 0
  for (;;) {
    let packet: ReturnType<typeof readPacket>
    try {
      packet = readPacket(buffer, at)
    } catch (error) {
      if (error instanceof ProtocolError) return
      throw error
    }
    if (packet === null) {
      promised(neededAt(buffer, at) > buffer.length - at, 'waits for what is here')
      return
    }
    promised(packet.size >= 4 && at + packet.size <= buffer.length, 'a packet ends where there is nothing')
    const again = packet.kind === 'flush' ? FLUSH : pktLine(packet.payload)
    promised(again.equals(buffer.subarray(at, at + packet.size)), 'a packet is not what writing it gives')
    at += packet.size
  }
}

function read(parts: Iterable<Buffer>): Read {
  const parser = new ReceiveHeaderParser()
  const rest: Buffer[] = []
  let header: ReceiveHeader | null = null
  try {
    for (const part of parts) {
      if (header !== null) {
        rest.push(part)
        continue
      }
      const parsed = parser.push(part)
      if (parsed === null) continue
      header = parsed.header
      rest.push(parsed.rest)
    }
  } catch (error) {
    if (error instanceof ProtocolError) return { refused: error.message }
    throw error
  }
  return header === null ? null : { header, rest: Buffer.concat(rest).toString('base64') }
}

function* chunks(buffer: Buffer, step: number): Generator<Buffer> {
  for (let at = 0; at < buffer.length; at += step) yield buffer.subarray(at, at + step)
}

function write({ commands, capabilities, shallow }: ReceiveHeader): Buffer {
  const lines = commands.map(({ ref, oldSha, newSha }, index) => {
    const line = `${oldSha ?? ZERO} ${newSha ?? ZERO} ${ref}`
    return pktLine(index === 0 ? `${line}\0${capabilities.join(' ')}` : line)
  })
  return Buffer.concat([...shallow.map((sha) => pktLine(`shallow ${sha}`)), ...lines, FLUSH])
}
