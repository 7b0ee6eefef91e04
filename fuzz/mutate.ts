import type { Random } from './random.ts'

type Mutation = (input: Buffer, random: Random, other: Buffer, words: readonly Buffer[]) => Buffer

/** No mutation makes an input longer than this. */
export const MOST_BYTES = 64 * 1024

/** Bytes that parsers treat as ends, joints or nothing at all. */
const AWKWARD: readonly [Buffer, ...Buffer[]] = [
  Buffer.from('\n'),
  Buffer.from('\r'),
  Buffer.from('\0'),
  Buffer.from(' '),
  Buffer.from('\u2028'),
  Buffer.from('\u0085'),
  Buffer.from('\u200b'),
  Buffer.from('\u202e'),
  Buffer.from('\u{e0041}'),
  Buffer.from('\ufeff'),
  Buffer.from('é'),
  Buffer.from('\u{1f600}'),
  Buffer.from([0xff]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xc0, 0x80]),
  Buffer.from('__proto__'),
  Buffer.from('constructor'),
]

const OPENERS: readonly [string, ...string[]] = ['[', '{', '{"a":', '- ', '> ', '<a ', '(', '<!--', '`']

const range = (input: Buffer, random: Random): [number, number] => {
  const from = random.below(input.length + 1)
  return [from, from + random.below(Math.min(input.length - from, 64) + 1)]
}

const replace = (input: Buffer, from: number, to: number, by: Buffer): Buffer =>
  Buffer.concat([input.subarray(0, from), by, input.subarray(to)])

const mutations: readonly [Mutation, ...Mutation[]] = [
  // a bit
  (input, random) => {
    const out = Buffer.from(input)
    const at = random.below(out.length)
    if (out.length > 0) out[at] = (out[at] ?? 0) ^ (1 << random.below(8))
    return out
  },
  // a byte or a few
  (input, random) => replace(input, ...range(input, random), random.bytes(random.below(4))),
  // the end is missing
  (input, random) => input.subarray(0, random.below(input.length + 1)),
  // something is missing
  (input, random) => replace(input, ...range(input, random), Buffer.alloc(0)),
  // something comes again, elsewhere
  (input, random) => {
    const [from, to] = range(input, random)
    const at = random.below(input.length + 1)
    return replace(input, at, at, input.subarray(from, to))
  },
  // pumped: a piece that comes a thousand times finds what takes more than a few steps per byte
  (input, random) => {
    const [from, to] = range(input, random)
    const piece = input.subarray(from, Math.max(to, Math.min(from + 1, input.length)))
    if (piece.length === 0) return input
    const times = 1 << random.below(1 + Math.floor(Math.log2(MOST_BYTES / piece.length)))
    return replace(input, to, to, Buffer.concat(Array.from({ length: times }, () => piece)))
  },
  // the beginning of one with the end of another
  (input, random, other) =>
    Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]),
  // a word of the language
  (input, random, _, words) => {
    const [from, to] = random.below(2) === 0 ? range(input, random) : [0, 0]
    const word = words[random.below(words.length)] ?? random.pick(AWKWARD)
    return replace(input, from, to, word)
  },
  // what parsers stumble over
  (input, random) => {
    const at = random.below(input.length + 1)
    return replace(input, at, at, random.pick(AWKWARD))
  },
  // nested
  (input, random) => {
    const at = random.below(input.length + 1)
    return replace(input, at, at, Buffer.from(random.pick(OPENERS).repeat(1 << random.below(13))))
  },
  // a length or number: hex digits and decimals become others
  (input, random) => {
    const text = input.toString('latin1')
    const found = [...text.matchAll(/[0-9a-f]{4}|\d+/g)]
    const match = found[random.below(found.length)]
    if (match === undefined) return input
    const numbers: readonly [string, ...string[]] = [
      '0000',
      '0001',
      '0004',
      '0005',
      'ffff',
      '-1',
      '9007199254740993',
      '1e309',
    ]
    return replace(input, match.index, match.index + match[0].length, Buffer.from(random.pick(numbers)))
  },
  // upper and lower case
  (input, random) => {
    const [from, to] = range(input, random)
    const piece = input.toString('latin1', from, to)
    const other = piece.toUpperCase() === piece ? piece.toLowerCase() : piece.toUpperCase()
    return replace(input, from, to, Buffer.from(other, 'latin1'))
  },
]

/** Changes an input in one to eight ways. `other` is what it may be crossed with, `words` those of the language. */
export function mutate(input: Buffer, random: Random, other: Buffer, words: readonly Buffer[]): Buffer {
  let out = input
  for (let left = 1 << random.below(4); left > 0; left -= 1) {
    out = random.pick(mutations)(out, random, other, words).subarray(0, MOST_BYTES)
  }
  return Buffer.from(out)
}
