import { neededAt, ProtocolError, readPacket } from './pkt-line.ts'

/** One line of a push: move `ref` from `oldSha` to `newSha`; null is "does not exist". */
export interface RefCommand {
  ref: string
  oldSha: string | null
  newSha: string | null
}

export interface ReceiveHeader {
  commands: RefCommand[]
  capabilities: string[]
  shallow: string[]
}

export interface HeaderLimits {
  maxBytes: number
  maxCommands: number
  maxShallow: number
}

const DEFAULTS: HeaderLimits = { maxBytes: 1024 * 1024, maxCommands: 200, maxShallow: 10_000 }
const SHA1 = /^[0-9a-f]{40}$/
const SHA256 = /^[0-9a-f]{64}$/
const ZERO = '0'.repeat(40)

/**
 * Whether git would accept this as the full name of a ref.
 * https://git-scm.com/docs/git-check-ref-format
 */
export function isRefName(ref: string): boolean {
  if (ref.length > 1024 || !ref.startsWith('refs/') || ref.endsWith('/') || ref.endsWith('.')) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\u0000-\u0020\u007f~^:?*[\\\ufffd]/.test(ref) || /\.\.|@\{|\/\//.test(ref)) return false
  return ref.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
}

/**
 * Reads the head of a push: `*shallow 1*(old new ref [NUL capabilities]) flush`, behind which the pack follows.
 * Feed it chunks; it answers null until the head is complete, then the head and the bytes that follow it.
 * Throws `ProtocolError` for anything that git itself would not send. A head without commands is legal: git probes
 * with one before a large push. https://git-scm.com/docs/pack-protocol#_reference_update_request_and_packfile_transfer
 */
export class ReceiveHeaderParser {
  /** What was not read yet, in the pieces that it came in. */
  #waiting: Buffer[] = []
  #size = 0
  /** Bytes that the next packet needs: before they are here, looking again is not worth a copy. */
  #needed = 4
  #read = 0
  #capabilities: string[] | null = null
  readonly #commands: RefCommand[] = []
  readonly #shallow: string[] = []
  readonly #limits: HeaderLimits

  constructor(limits: Partial<HeaderLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits }
  }

  push(chunk: Buffer): { header: ReceiveHeader; rest: Buffer } | null {
    this.#waiting.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#needed) return null
    const buffer = this.#waiting.length === 1 ? chunk : Buffer.concat(this.#waiting)
    let at = 0
    for (;;) {
      const packet = readPacket(buffer, at)
      if (packet === null) break
      at += packet.size
      if (packet.kind === 'flush') return { header: this.#header(), rest: buffer.subarray(at) }
      this.#line(packet.payload)
      if (this.#read + at > this.#limits.maxBytes) throw new ProtocolError('the list of refs is too long')
    }
    this.#read += at
    this.#waiting = [buffer.subarray(at)]
    this.#size = buffer.length - at
    this.#needed = neededAt(buffer, at)
    return null
  }

  #header(): ReceiveHeader {
    return { commands: this.#commands, capabilities: this.#capabilities ?? [], shallow: this.#shallow }
  }

  #line(payload: Buffer): void {
    const nul = payload.indexOf(0)
    const text = (nul < 0 ? payload : payload.subarray(0, nul)).toString('utf8').replace(/\n$/, '')
    if (text.startsWith('shallow ')) {
      this.#shallowLine(text.slice(8), nul)
      return
    }
    if (text.startsWith('push-cert')) throw new ProtocolError('signed pushes are not supported')
    if (nul >= 0) this.#capabilityList(payload.subarray(nul + 1).toString('utf8'))
    if (this.#capabilities === null) throw new ProtocolError('the first ref carries no capabilities')
    if (this.#commands.length >= this.#limits.maxCommands) throw new ProtocolError('too many refs')
    this.#commands.push(parseCommand(text))
  }

  #shallowLine(sha: string, nul: number): void {
    if (!SHA1.test(sha) || nul >= 0) throw new ProtocolError('a shallow line is malformed')
    if (this.#commands.length > 0) throw new ProtocolError('a shallow line behind the refs')
    if (this.#shallow.push(sha) > this.#limits.maxShallow) throw new ProtocolError('too many shallow lines')
  }

  #capabilityList(text: string): void {
    if (this.#commands.length > 0) throw new ProtocolError('capabilities behind the first ref')
    this.#capabilities = text.trim().split(' ').filter(Boolean)
    const format = this.#capabilities.find((capability) => capability.startsWith('object-format='))
    if (format !== undefined && format !== 'object-format=sha1')
      throw new ProtocolError('only sha1 is supported')
  }
}

function parseCommand(text: string): RefCommand {
  const [before = '', after = '', ref = '', ...more] = text.split(' ')
  if (SHA256.test(before) && SHA256.test(after)) throw new ProtocolError('only sha1 is supported')
  if (!SHA1.test(before) || !SHA1.test(after) || more.length > 0)
    throw new ProtocolError('a ref line is malformed')
  if (!isRefName(ref)) throw new ProtocolError('a ref name is not valid')
  if (before === ZERO && after === ZERO) throw new ProtocolError('a ref line does nothing')
  return { ref, oldSha: before === ZERO ? null : before, newSha: after === ZERO ? null : after }
}
