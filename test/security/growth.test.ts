import { describe, expect, test } from 'vitest'
import { slug } from '../../src/domain/branch.ts'
import { parseCommands } from '../../src/domain/command.ts'
import { closings } from '../../src/domain/commit-message.ts'
import { acceptanceCriteria } from '../../src/domain/context.ts'
import { matchesGlob } from '../../src/domain/glob.ts'
import { namedFiles } from '../../src/domain/named-files.ts'
import { neutralise } from '../../src/domain/neutralise.ts'
import { findSecrets, redactSecrets } from '../../src/domain/secrets.ts'
import { visibleText } from '../../src/domain/visible-text.ts'
import { ReceiveHeaderParser } from '../../src/git/receive-header.ts'
import { parseRepositoryConfig } from '../../src/protocol/repository-config-file.ts'

/** Processor time, which other work on the machine does not lengthen; the least of three, in milliseconds. */
function cpuMs(work: () => unknown): number {
  const times = [0, 1, 2].map(() => {
    const before = process.threadCpuUsage()
    work()
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1000
  })
  return Math.min(...times)
}

const pump = (piece: string, bytes: number, before = '', after = '') =>
  before + piece.repeat(Math.ceil(bytes / piece.length)) + after

/** Each once took seconds or for ever for a text that fits into one comment, or is the kind that does elsewhere. */
const rows: readonly [string, (bytes: number) => unknown][] = [
  ['a key made of headers', (n) => findSecrets(pump('Abc: ', n, '-----BEGIN PRIVATE KEY-----\n'))],
  [
    'keys that begin in the headers of keys',
    (n) => findSecrets(pump('-----BEGIN PRIVATE KEY-----\nAbc: ', n)),
  ],
  ['a key made of plus signs', (n) => findSecrets(pump('+', n, '-----BEGIN PRIVATE KEY-----\n', ' -'))],
  ['a key made of line feeds', (n) => findSecrets(pump('\\n', n, '-----BEGIN PRIVATE KEY-----'))],
  ['keys without a gap', (n) => redactSecrets(pump(`AIza${'a'.repeat(35)}`, n))],
  ['addresses without a password', (n) => findSecrets(pump('http://a:b', n))],
  ['web tokens without an end', (n) => findSecrets(pump('.eyJaaaaaaaaaaaa', n))],
  ['closing words joined by dots', (n) => closings(pump('fix.', n))],
  ['closing words with decorations', (n) => closings(pump('fix ____', n))],
  ['closing words before addresses', (n) => closings(pump('fixes https://a', n))],
  ['a heading of number signs', (n) => acceptanceCriteria(pump('#', n, '# ', 'x'))],
  ['a heading of blanks', (n) => acceptanceCriteria(pump(' ', n, '# a', 'x'))],
  ['list items of blanks', (n) => acceptanceCriteria(pump(' ', n, '- [ ]', 'x'))],
  ['comments that never end', (n) => visibleText(pump('<!--', n))],
  ['images in images', (n) => visibleText(pump('![![](x)](', n))],
  ['fences of growing length', (n) => visibleText(pump('```\n````\n', n))],
  ['quotes of fences', (n) => parseCommands(pump('> ```\n', n))],
  ['code spans that never close', (n) => parseCommands(pump('` `` ``` ', n))],
  ['tags that never close', (n) => parseCommands(pump('<code><pre>', n))],
  ['mentions and images', (n) => neutralise(pump('@a![<', n), { ownIssue: null, limit: 1_000_000 })],
  ['a title for a slug', (n) => slug(pump('-é ', n))],
  ['words like paths', (n) => namedFiles(pump('a/', n), ['a/b.ts'])],
  ['a glob of stars', (n) => matchesGlob(pump('**/a', 300), pump('a/', n))],
  [
    'a config of keys',
    (n) => parseRepositoryConfig(`{${Array.from({ length: n / 5 }, (_, i) => i.toString(36))}}`),
  ],
  ['a push that comes in single bytes', (n) => headOfSingleBytes(n)],
]

function headOfSingleBytes(bytes: number): void {
  const parser = new ReceiveHeaderParser()
  const head = Buffer.from(`ffef${'0'.repeat(bytes)}`)
  for (let at = 0; at < Math.min(head.length, 0xffee); at += 1) parser.push(head.subarray(at, at + 1))
}

describe('time grows with the text and not with its square, given', () => {
  test.each(rows)('%s', (_name, work) => {
    work(2_000)
    const quarter = cpuMs(() => work(15_000))
    const whole = cpuMs(() => work(60_000))
    // four times the text: four times the time, or sixteen times when it grows with the square
    expect(whole).toBeLessThan(Math.max(quarter * 10, 40))
  })
})
