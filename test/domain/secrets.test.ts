import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findSecrets, redactSecrets } from '../../src/domain/secrets.ts'

// Put together at run time, so that no scanner takes this file for a leak.
const letters = 'aB3dE6gH9jKlMn0pQrStUvWxYz1245678'
const samples: readonly [string, string][] = [
  ['GitHub token', `ghp_${letters}`],
  ['GitHub token', `ghs_${'123456'}_eyJ${letters}.${letters.repeat(12)}.${letters}-_x`],
  ['GitHub token', `github_pat_${letters}_${letters}`],
  ['Mission Control token', `mc_${'a1b2c3'}_${letters}`],
  ['Mission Control token', `mcs_${'42'}_${letters}`],
  ['AWS key', `AKIA${'ABCDEFGH12345678'}`],
  ['Slack token', `xoxb-${'1234567890'}-${letters}`],
  ['API key', `sk-${letters}`],
  ['API key', `sk-ant-api03-${letters}-${letters}`],
  ['API key', `sk-proj-${letters}_${letters}`],
  ['Stripe key', `sk_live_${letters}`],
  ['Google key', `AIza${letters}ab`],
  ['npm token', `npm_${letters}`],
  ['JSON web token', `eyJ${letters}.eyJ${letters}.${letters}`],
  ['private key', `-----BEGIN RSA ${'PRIVATE'} KEY-----\n${letters}\n-----END RSA ${'PRIVATE'} KEY-----`],
  ['private key', `-----BEGIN ${'PRIVATE'} KEY-----\n${letters}`],
  [
    'private key',
    `-----BEGIN RSA ${'PRIVATE'} KEY-----\nProc-Type: 4,ENCRYPTED\n\n${letters}\nab==\n-----END RSA ${'PRIVATE'} KEY-----`,
  ],
  [
    'private key',
    `-----BEGIN EC ${'PRIVATE'} KEY-----\\n${letters}\\n${letters}==\\n-----END EC ${'PRIVATE'} KEY-----`,
  ],
  ['password in an address', `postgres://me:${letters}@localhost/db`],
]

describe.each(samples)('%s', (rule, secret) => {
  test(`is found and redacted whole: ${secret.slice(0, 12)}`, () => {
    const text = `line one\nkey = "${secret}"\nlast`
    expect(findSecrets(text).map((found) => found.rule)).toContain(rule)
    expect(findSecrets(text)[0]?.line).toBe(2)
    const redacted = redactSecrets(text)
    expect(redacted).toContain(`[redacted: ${rule}]`)
    expect(redacted).not.toContain(letters)
    expect(findSecrets(redacted)).toEqual([])
  })
})

test('ordinary text holds no secret', () => {
  const text = [
    'task-force sk-learn risk-management-and-other-long-words-here',
    'https://example.com/a@b http://user@host:80/x git@github.com:o/r.git',
    'mc_ mcs_1 ghp_short AKIA eyJ npm_config_registry xoxo',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    `-----BEGIN ${'PRIVATE'} KEY----- is its first line, -----END ${'PRIVATE'} KEY----- its last one`,
    'postgres://user:$PASSWORD@host',
  ].join('\n')
  expect(findSecrets(text).filter((found) => found.line < 7)).toEqual([])
})

test('redacting twice changes nothing more', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(...samples.map(([, secret]) => secret)),
    fc.constant('\n'),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const once = redactSecrets(pieces.join(''))
      expect(redactSecrets(once)).toBe(once)
    }),
  )
})

test('each kind is told once per line, in order', () => {
  const key = `ghp_${letters}`
  expect(findSecrets(`${key} ${key}\n\n${key}`)).toEqual([
    { rule: 'GitHub token', line: 1 },
    { rule: 'GitHub token', line: 3 },
  ])
})

test('the time stays short when the text is built to take long', () => {
  const begin = `-----BEGIN ${'PRIVATE'} KEY-----`
  const started = process.cpuUsage()
  for (const piece of [
    begin,
    'a://',
    'a:',
    'eyJ',
    `eyJ${letters}.`,
    'sk-',
    '-----BEGIN A ',
    'x@',
    'mc_a_',
    ':',
  ]) {
    redactSecrets(piece.repeat(Math.ceil(65_536 / piece.length)))
  }
  expect(process.cpuUsage(started).user).toBeLessThan(2_000_000)
})
