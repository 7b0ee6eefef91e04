import { type KeyObject, verify } from 'node:crypto'
import { type Refusal, refuse } from '../actions/outcome.ts'
import type { AppRegistration } from '../context.ts'

const maxLifeSeconds = 600
const skewSeconds = 60

export function looksLikeJwt(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)
}

function part(text: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text ?? '', 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** Checks an app's JSON web token as GitHub does: RS256, `iss` the app, at most ten minutes long. `null`: good. */
export function appJwtProblem(
  token: string,
  app: AppRegistration,
  publicKey: KeyObject,
  now: Date,
): Refusal | null {
  const [header, claims, signed] = token.split('.')
  const decoded = part(claims)
  if (part(header)?.alg !== 'RS256' || !decoded) return undecodable()
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    publicKey,
    Buffer.from(signed ?? '', 'base64url'),
  )
  if (decoded.iss === undefined) return refuse(401, "Missing 'issuer' claim ('iss') in assertion")
  if (![String(app.id), app.clientId].includes(String(decoded.iss)))
    return refuse(404, 'Integration not found')
  if (!isSigned) return undecodable()
  return timeProblem(decoded, Math.floor(now.getTime() / 1000))
}

function undecodable(): Refusal {
  return refuse(401, 'A JSON web token could not be decoded')
}

function timeProblem(claims: Record<string, unknown>, now: number): Refusal | null {
  const { iat, exp } = claims
  if (typeof exp !== 'number' || exp <= now)
    return refuse(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    )
  if (exp > now + maxLifeSeconds + skewSeconds)
    return refuse(401, "'Expiration time' claim ('exp') is too far in the future")
  if (typeof iat !== 'number' || iat > now + skewSeconds)
    return refuse(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    )
  if (exp - iat > maxLifeSeconds + skewSeconds)
    return refuse(401, "'Expiration time' claim ('exp') is too far in the future")
  return null
}
