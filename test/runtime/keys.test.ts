import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createAgentKey,
  createServerKeys,
  hashAgentKey,
  isAgentKey,
  sessionOfToken,
} from '../../src/runtime/keys.ts'

const keys = createServerKeys('one server key, long enough to be one')
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

describe('a session token', () => {
  test('is the same on every replica with the key, names its session and proves it', () => {
    const replica = createServerKeys('one server key, long enough to be one')
    fc.assert(
      fc.property(id, id, (session, fence) => {
        const token = keys.sessionToken(session, fence)
        expect(token).toBe(replica.sessionToken(session, fence))
        expect(sessionOfToken(token)).toBe(session)
        expect(replica.verifySessionToken(token, session, fence)).toBe(true)
      }),
    )
  })

  test('proves no other session, no other fence and nothing to another server', () => {
    const other = createServerKeys('another server key, just as long as it')
    fc.assert(
      fc.property(id, id, id, (session, fence, wrong) => {
        fc.pre(wrong !== session && wrong !== fence)
        const token = keys.sessionToken(session, fence)
        expect(keys.verifySessionToken(token, session, wrong)).toBe(false)
        expect(keys.verifySessionToken(token, wrong, fence)).toBe(false)
        expect(other.verifySessionToken(token, session, fence)).toBe(false)
      }),
    )
  })

  test('is refused with any character changed, added or missing', () => {
    const token = keys.sessionToken(7, 3)
    fc.assert(
      fc.property(
        fc.nat({ max: token.length - 1 }),
        fc.string({ minLength: 1, maxLength: 1 }),
        (at, other) => {
          fc.pre(token[at] !== other)
          const changed = token.slice(0, at) + other + token.slice(at + 1)
          expect(keys.verifySessionToken(changed, 7, 3)).toBe(false)
        },
      ),
    )
    for (const wrong of ['', token.slice(0, -1), `${token}A`, ` ${token}`, token.toUpperCase()]) {
      expect(keys.verifySessionToken(wrong, 7, 3)).toBe(false)
    }
  })

  test('is none when it does not have the form of one', () => {
    const { key } = createAgentKey()
    const secret = 'x'.repeat(43)
    for (const text of [
      '',
      'mcs_',
      `mcs_0_${secret}`,
      `mcs_-1_${secret}`,
      `mcs_1e3_${secret}`,
      `mcs_7_${secret}\n`,
      key,
    ]) {
      expect(sessionOfToken(text)).toBeNull()
    }
    fc.assert(fc.property(fc.string(), (text) => sessionOfToken(text) === null))
  })
})

describe('an agent key', () => {
  test('has the form of one, is never made twice, and only its hash is kept', () => {
    const made = Array.from({ length: 200 }, createAgentKey)
    expect(new Set(made.map(({ key }) => key)).size).toBe(200)
    for (const { key, prefix, hash } of made) {
      expect(isAgentKey(key)).toBe(true)
      expect(key.startsWith(`mc_${prefix}_`)).toBe(true)
      expect(hash).toEqual(hashAgentKey(key))
      expect(hash).toHaveLength(32)
    }
  })

  test('is none when it is cut, padded or a session token', () => {
    const { key } = createAgentKey()
    for (const text of ['', key.slice(0, -1), `${key}A`, `${key}\n`, ` ${key}`, keys.sessionToken(1, 1)]) {
      expect(isAgentKey(text)).toBe(false)
    }
  })
})
