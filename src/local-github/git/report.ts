const PUSH_DECLINED = 'pre-receive hook declined'
const LARGEST_PACKET = 65_515

/**
 * Puts the real reasons into the report of a refused push. A hook can only decline all refs with git's own
 * words; GitHub's answer names the reason per ref, and clients read it there. Anything that is not such a
 * report is passed on as it is.
 */
export function withReasons(body: Buffer, reasons: ReadonlyMap<string, string>): Buffer {
  const packets = splitPackets(body)
  if (packets === null) return body
  const banded = packets.some((packet) => packet.length > 0 && (packet[0] ?? 0) <= 3)
  if (!banded) return joinPackets(packets.map((packet) => reworded(packet, reasons)))
  const messages = packets.filter((packet) => packet[0] === 2)
  const report = Buffer.concat(
    packets.filter((packet) => packet[0] === 1).map((packet) => packet.subarray(1)),
  )
  const inner = splitPackets(report)
  if (inner === null) return body
  const rewritten = joinPackets(inner.map((packet) => reworded(packet, reasons)))
  const pieces: Buffer[] = []
  for (let at = 0; at < rewritten.length; at += LARGEST_PACKET) {
    pieces.push(Buffer.concat([Buffer.from([1]), rewritten.subarray(at, at + LARGEST_PACKET)]))
  }
  return joinPackets([...messages, ...pieces, Buffer.alloc(0)])
}

function reworded(packet: Buffer, reasons: ReadonlyMap<string, string>): Buffer {
  const line = packet.toString('utf8')
  const found = /^ng (\S+) (.*?)(\n?)$/.exec(line)
  if (found?.[2] !== PUSH_DECLINED) return packet
  const reason = reasons.get(found[1] ?? '')
  return reason === undefined ? packet : Buffer.from(`ng ${found[1]} ${reason}${found[3]}`)
}

/** Pkt-lines without their lengths, a flush as an empty one; null when the bytes are not pkt-lines. */
function splitPackets(bytes: Buffer): Buffer[] | null {
  const packets: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.subarray(at, at + 4).toString('latin1')
    if (!/^[0-9a-f]{4}$/.test(length)) return null
    const size = Number.parseInt(length, 16)
    if (size === 0) packets.push(Buffer.alloc(0))
    else if (size <= 4 || at + size > bytes.length) return null
    else packets.push(bytes.subarray(at + 4, at + size))
    at += size === 0 ? 4 : size
  }
  return packets
}

function joinPackets(packets: Buffer[]): Buffer {
  return Buffer.concat(
    packets.map((packet) => {
      if (packet.length === 0) return Buffer.from('0000')
      return Buffer.concat([Buffer.from((packet.length + 4).toString(16).padStart(4, '0')), packet])
    }),
  )
}
