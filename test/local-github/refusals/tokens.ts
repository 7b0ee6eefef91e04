import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { client, type World } from '../world.ts'
import type { Caller } from './wrong.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

type Sign = (text: string) => string

/** An app's JSON web token with these claims, signed in one way or another. */
function jwt(claims: object, alg: string, sign: Sign): string {
  const text = `${part({ alg, typ: 'JWT' })}.${part(claims)}`
  return `${text}.${sign(text)}`
}

const rs256 =
  (key: string): Sign =>
  (text) =>
    createSign('RSA-SHA256').update(text).sign(key, 'base64url')

/** The app's own tokens: one that is right, and what can be wrong about one. */
export function appTokens(world: World, now: Date): Record<Extract<Caller, `jwt${string}`>, string> {
  const { id: iss, privateKey } = world.github.app
  const seconds = Math.floor(now.getTime() / 1000)
  const claims = { iss, iat: seconds - 10, exp: seconds + 300 }
  const made = (change: object) => jwt({ ...claims, ...change }, 'RS256', rs256(privateKey))
  const other = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey
  return {
    jwt: made({}),
    'jwt over': made({ iat: seconds - 700, exp: seconds - 100 }),
    'jwt too long': made({ exp: seconds + 1_200 }),
    'jwt from the future': made({ iat: seconds + 300, exp: seconds + 600 }),
    'jwt of another app': made({ iss: 99 }),
    'jwt without issuer': made({ iss: undefined }),
    'jwt without expiry': made({ exp: undefined }),
    // a JWT has three parts, or it is not taken for one
    'jwt unsigned': jwt(claims, 'none', () => 'none'),
    'jwt HS256': jwt(claims, 'HS256', (text) =>
      createHmac('sha256', privateKey).update(text).digest('base64url'),
    ),
    'jwt by another key': jwt(claims, 'RS256', rs256(other)),
  }
}

/** An installation token as it is asked for. */
export async function installationToken(world: World, installationId: number, jwtText: string, ask: object) {
  const { data } = await client(world.github, jwtText).rest.apps.createInstallationAccessToken({
    installation_id: installationId,
    ...ask,
  })
  return data.token
}
