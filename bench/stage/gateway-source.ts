import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { git } from './gateway-git.ts'

/** A packed repository on the pushing side: a base, and commits on it that bring so many megabytes each. */
export interface Source {
  directory: string
  base: string
  /** In the order in which they follow one another. */
  commits: { sha: string; megabytes: number }[]
}

const MEGABYTE = 1_000_000
/** Of the bytes of a push: two large binaries and many of a megabyte make half, texts the other half. */
const LARGE_SHARE = 0.1
const MEDIUM_SHARE = 0.3
/** How many bytes of text make one byte of pack; measured. */
const TEXT_RATIO = 1.8
const TEXT_FILE_BYTES = 150_000

/**
 * Makes the repository and packs it. What is in it is the same at each run, and does not shrink: noise as in images and
 * archives, and lines of words and numbers.
 * @param settings the project's `.github/mission-control.yml`
 */
export async function makeSource(
  stack: AsyncDisposableStack,
  directory: string,
  name: string,
  sizes: readonly number[],
  settings: string,
): Promise<Source> {
  const path = join(directory, `${name}.git`)
  await git(stack, directory, ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', path])
  await git(
    stack,
    path,
    ['-c', 'core.compression=1', 'fast-import', '--quiet', '--done'],
    stream(name, sizes, settings),
  )
  await git(stack, path, ['repack', '-a', '-d', '-q'])
  const shas = (await git(stack, path, ['rev-list', '--reverse', 'refs/heads/main'])).split('\n')
  const [base = '', ...later] = shas
  return {
    directory: path,
    base,
    commits: later.map((sha, index) => ({ sha, megabytes: sizes[index + 1] ?? 0 })),
  }
}

/** One commit per size, as `git fast-import` reads it. */
async function* stream(
  name: string,
  sizes: readonly number[],
  settings: string,
): AsyncGenerator<Buffer | string> {
  for (const [round, megabytes] of sizes.entries()) {
    yield `commit refs/heads/main\ncommitter Maya <maya@example.com> ${1_767_225_600 + round} +0000\n`
    yield data(Buffer.from(`add part ${round}`))
    if (round === 0) yield* file('.github/mission-control.yml', Buffer.from(settings))
    const noise = generator(`${name} ${round}`)
    const bytes = megabytes * MEGABYTE
    for (const part of [1, 2])
      yield* file(`part-${round}/video-${part}.bin`, noise.bytes(bytes * LARGE_SHARE))
    const medium = Math.max(1, Math.round((bytes * MEDIUM_SHARE) / MEGABYTE))
    for (let at = 0; at < medium; at += 1)
      yield* file(`part-${round}/images/${at}.png`, noise.bytes((bytes * MEDIUM_SHARE) / medium))
    const texts = bytes * (1 - 2 * LARGE_SHARE - MEDIUM_SHARE) * TEXT_RATIO
    const count = Math.max(1, Math.round(texts / TEXT_FILE_BYTES))
    for (let at = 0; at < count; at += 1)
      yield* file(`part-${round}/src/${at % 20}/module-${at}.js`, noise.text(texts / count))
    yield '\n'
  }
  yield 'done\n'
}

function* file(path: string, content: Buffer): Generator<Buffer | string> {
  yield `M 100644 inline ${path}\n`
  yield data(content)
}

const data = (content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`data ${content.length}\n`), content, Buffer.from('\n')])

/** Bytes without end from a name: SHAKE, because a run must be the same as the one before. */
function generator(name: string) {
  let block = 0
  const bytes = (size: number): Buffer => {
    block += 1
    return createHash('shake256', { outputLength: Math.max(1, Math.round(size)) })
      .update(`${name} ${block}`)
      .digest()
  }
  return { bytes, text: (size: number) => prose(bytes(size / BYTES_OF_TEXT)) }
}

const WORDS =
  'const value return await list total index function result name order import async export type null'.split(
    ' ',
  )
const LETTERS = 9
/** Characters of text that one byte of noise becomes. */
const BYTES_OF_TEXT = 2.36

/** Lines as in source code and its fixtures: a word and what compresses badly in turn, five pairs a line. */
function prose(noise: Buffer): Buffer {
  const letters = noise.toString('base64')
  const parts: string[] = []
  for (let at = 0; at < letters.length; at += LETTERS) {
    parts.push(WORDS[letters.charCodeAt(at) % WORDS.length] ?? '', letters.slice(at, at + LETTERS))
    if (at % (5 * LETTERS) === 0) parts.push('\n')
  }
  return Buffer.from(parts.join(' '))
}
