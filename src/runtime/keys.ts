import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const SESSION_TOKEN = /^mcs_([1-9][0-9]{0,15})_([A-Za-z0-9_-]{43})$/
const AGENT_KEY = /^mc_([a-z0-9]{8})_([A-Za-z0-9_-]{43})$/

/** SHA-256 of a text or of bytes, in hexadecimal. */
export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

/** What is stored of an agent key: its SHA-256. The key has 256 random bits, so no slow hash is needed. */
export function hashAgentKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Makes an agent's API key `mc_<prefix>_<secret>`; the prefix may be shown, the key only once. */
export function createAgentKey(): { key: string; prefix: string; hash: Buffer } {
  const prefix = randomBytes(5).toString('hex').slice(0, 8)
  const key = `mc_${prefix}_${randomBytes(32).toString('base64url')}`
  return { key, prefix, hash: hashAgentKey(key) }
}

/** True for a text of the form of an agent key; says nothing about whether it is known. */
export function isAgentKey(text: string): boolean {
  return AGENT_KEY.test(text)
}

/** The keys derived from the server key. Derived, so that every replica computes the same and none stores them. */
export interface ServerKeys {
  /** `mcs_<session>_<HMAC(server key, session, fence)>` */
  sessionToken(session: number, fence: number): string
  /** True when the token is the one of this session and fence; constant time. */
  verifySessionToken(token: string, session: number, fence: number): boolean
}

/** @param serverKey at least 32 bytes of secret text */
export function createServerKeys(serverKey: string): ServerKeys {
  const mac = (session: number, fence: number): string =>
    createHmac('sha256', serverKey).update(`session:${session}:${fence}`).digest('base64url')
  const sessionToken = (session: number, fence: number): string => `mcs_${session}_${mac(session, fence)}`
  return {
    sessionToken,
    verifySessionToken(token, session, fence) {
      const expected = Buffer.from(sessionToken(session, fence))
      const given = Buffer.from(token)
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}

/** The session that a token names, or null when it is no session token. Not yet a proof: verify it. */
export function sessionOfToken(token: string): number | null {
  const match = SESSION_TOKEN.exec(token)
  return match ? Number(match[1]) : null
}
