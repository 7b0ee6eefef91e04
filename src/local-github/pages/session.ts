import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const COOKIE = 'local_github_person'

/** Who somebody at the pages has chosen to be. */
export interface PageSession {
  userId: number
  /** Goes into every form; bound to the cookie, so that no other site can write one. */
  formToken: string
}

export interface Sessions {
  /** The session of a cookie header; null when there is none or it was not made here. */
  read(cookieHeader: string | undefined): PageSession | null
  /** A new session and the `set-cookie` value that carries it. */
  open(userId: number): { session: PageSession; cookie: string }
  isFormToken(session: PageSession, token: string): boolean
}

/** Sessions that live in a signed cookie: `<user id>.<nonce>.<mac>`. The key dies with the process. */
export function createSessions(): Sessions {
  const key = randomBytes(32)
  const mac = (text: string) => createHmac('sha256', key).update(text).digest('base64url')
  const sessionOf = (userId: number, nonce: string): PageSession => ({
    userId,
    formToken: mac(`form ${userId} ${nonce}`),
  })
  return {
    read(cookieHeader) {
      const value = cookieValue(cookieHeader ?? '')
      const [userId = '', nonce = '', signature = ''] = value.split('.')
      if (!isSame(signature, mac(`cookie ${userId} ${nonce}`))) return null
      return sessionOf(Number(userId), nonce)
    },
    open(userId) {
      const nonce = randomBytes(16).toString('base64url')
      const value = `${userId}.${nonce}.${mac(`cookie ${userId} ${nonce}`)}`
      return {
        session: sessionOf(userId, nonce),
        cookie: `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict`,
      }
    },
    isFormToken: (session, token) => isSame(token, session.formToken),
  }
}

function cookieValue(header: string): string {
  for (const part of header.split(';')) {
    const [name, value = ''] = part.trim().split('=')
    if (name === COOKIE) return value
  }
  return ''
}

function isSame(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)]
  return left.length === right.length && timingSafeEqual(left, right)
}
