import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FLUSH, ProtocolError, pktLine } from '../../src/git/pkt-line.ts'
import { isRefName, type ReceiveHeader, ReceiveHeaderParser } from '../../src/git/receive-header.ts'
import { tryGit } from './harness/git-client.ts'

const A = 'a'.repeat(40)
const B = 'b'.repeat(40)
const ZERO = '0'.repeat(40)

function parse(...parts: (string | Buffer)[]): { header: ReceiveHeader; rest: Buffer } | null {
  const bytes = parts.map((part) => (typeof part === 'string' ? pktLine(part) : part))
  return new ReceiveHeaderParser().push(Buffer.concat(bytes))
}

const sha = fc.stringMatching(/^[1-9a-f][0-9a-f]{39}$/)
const ref = fc.stringMatching(/^refs\/heads\/[a-z0-9]{1,8}(\/[a-zé0-9-]{1,8}){0,3}$/)
const command = fc.record({ ref, oldSha: fc.option(sha), newSha: sha })

describe('the head of a push', () => {
  test('is understood however it is cut into chunks', () => {
    const inputs = fc.tuple(
      fc.array(command, { minLength: 1, maxLength: 5 }),
      fc.array(sha),
      fc.uint8Array(),
      fc.nat(50),
    )
    fc.assert(
      fc.property(inputs, ([commands, shallow, pack, step]) => {
        const lines = commands.map(({ ref, oldSha, newSha }, index) =>
          pktLine(`${oldSha ?? ZERO} ${newSha} ${ref}${index === 0 ? '\0 report-status side-band-64k' : ''}`),
        )
        const head = [...shallow.map((one) => pktLine(`shallow ${one}\n`)), ...lines, FLUSH]
        const bytes = Buffer.concat([...head, pack])
        const parser = new ReceiveHeaderParser()
        let parsed = null
        let at = 0
        while (parsed === null) {
          parsed = parser.push(bytes.subarray(at, at + step + 1))
          at += step + 1
        }
        expect(parsed.header).toEqual({ commands, shallow, capabilities: ['report-status', 'side-band-64k'] })
        expect(Buffer.concat([parsed.rest, bytes.subarray(at)])).toEqual(Buffer.from(pack))
      }),
    )
  })

  test('never does anything but answer or throw ProtocolError, whatever comes', () => {
    const line = fc.oneof(
      fc.string().map((text) => pktLine(`${text}x`)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(FLUSH, pktLine(`${A} ${B} refs/heads/x\0report-status`), pktLine(`shallow ${A}`)),
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          new ReceiveHeaderParser().push(Buffer.concat(lines))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('may hold no commands at all', () => {
    expect(parse(FLUSH)?.header).toEqual({ commands: [], capabilities: [], shallow: [] })
  })

  test.each([
    ['a signed push', [`push-cert\0report-status`]],
    ['sha256', [`${'a'.repeat(64)} ${'b'.repeat(64)} refs/heads/x\0report-status`]],
    ['sha256 as a capability', [`${A} ${B} refs/heads/x\0object-format=sha256`]],
    ['no capabilities', [`${A} ${B} refs/heads/x`]],
    ['capabilities twice', [`${A} ${B} refs/heads/x\0a`, `${A} ${B} refs/heads/y\0a`]],
    ['an upper-case id', [`${'A'.repeat(40)} ${B} refs/heads/x\0a`]],
    ['a space in the ref', [`${A} ${B} refs/heads/x y\0a`]],
    ['no ref', [`${A} ${B}\0a`]],
    ['nothing to do', [`${ZERO} ${ZERO} refs/heads/x\0a`]],
    ['a shallow line behind a command', [`${A} ${B} refs/heads/x\0a`, `shallow ${A}`]],
    ['text', ['hello\0a']],
  ])('is refused with %s', (_, lines) => {
    expect(() => parse(...lines, FLUSH)).toThrow(ProtocolError)
  })

  test('is refused when it is endless', () => {
    const limits = { maxBytes: 1000, maxCommands: 3, maxShallow: 3 }
    const many = (line: string) => Buffer.concat(Array.from({ length: 40 }, () => pktLine(line)))
    const first = pktLine(`${A} ${B} refs/heads/x\0a`)
    expect(() => new ReceiveHeaderParser(limits).push(many(`shallow ${A}`))).toThrow('too many shallow lines')
    const commands = Buffer.concat([first, many(`${A} ${B} refs/heads/y`)])
    expect(() => new ReceiveHeaderParser(limits).push(commands)).toThrow('too many refs')
    expect(() => new ReceiveHeaderParser({ ...limits, maxCommands: 99 }).push(commands)).toThrow('too long')
  })
})

test('ref names are judged as git does', async () => {
  const odd = fc.constantFrom(
    'a',
    'b',
    '/',
    '.',
    '..',
    '@{',
    '@',
    '~',
    '^',
    ':',
    '?',
    '*',
    '[',
    '\\',
    ' ',
    '.lock',
    '-',
    'é',
  )
  const names = fc.sample(
    fc.array(odd, { minLength: 1, maxLength: 6 }).map((parts) => `refs/heads/${parts.join('')}`),
    { numRuns: 40, seed: 7 },
  )
  for (const name of ['refs/heads/main', 'refs/heads/agent/x-1', 'refs/heads/a.lock/b', ...names]) {
    const { code } = await tryGit('/', ['check-ref-format', name])
    expect({ name, valid: isRefName(name) }).toEqual({ name, valid: code === 0 })
  }
})
