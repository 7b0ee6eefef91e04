import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { extractDifferences } from '../../scripts/github-schema/compare.ts'
import { cacheDirectory, describedFileOf } from '../../scripts/github-schema/packages.ts'

let directory = ''

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'drift-'))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

const committed = readFile(path.join(import.meta.dirname, '../../src/local-github/schema/rest.json'), 'utf8')

interface Extract {
  operations: { id: string; path: string; parameters: object[] }[]
  known: string[][]
  schemas: Record<string, { properties: Record<string, object> }>
}

test.each<[string, (extract: Extract) => void, RegExp]>([
  [
    'a property more',
    ({ schemas }) => Object.assign(schemas.label?.properties ?? {}, { shade: {} }),
    /\/schemas\/label\/properties\/shade: described only/,
  ],
  ['a schema less', ({ schemas }) => delete schemas.label, /\/schemas\/label: committed only/],
  [
    'another path',
    ({ operations: [first] }) => Object.assign(first ?? {}, { path: '/application' }),
    /\/operations\/apps\/get-authenticated\/path: committed "\/app", described "\/application"/,
  ],
  ['an operation less', ({ operations }) => operations.splice(3, 1), /\/operations\/[\w/-]+: committed only/],
  [
    'an operation that is not emulated more',
    ({ known }) => known.unshift(['agents/hire', 'post', '/agents']),
    /\/known\/agents\/hire: described only/,
  ],
])('a description with %s is told from the committed one', async (_, change, line) => {
  const extract = JSON.parse(await committed) as Extract
  change(extract)
  const found = extractDifferences(await committed, `${JSON.stringify(extract)}\n`)
  expect(found).toEqual([expect.stringMatching(line)])
})

test('the same bytes are no difference, and the same content in other bytes is one', async () => {
  const text = await committed
  expect(extractDifferences(text, text)).toEqual([])
  expect(extractDifferences(text, text.trimEnd())).toEqual(['only the spelling or the order differs'])
})

test.each([
  [{ MISSION_CONTROL_CACHE_DIR: '/somewhere' }, 'linux', '/somewhere'],
  [{ XDG_CACHE_HOME: '/caches' }, 'linux', '/caches/mission-control'],
  [{}, 'darwin', expect.stringMatching(/Library\/Caches\/mission-control$/)],
  [{}, 'linux', expect.stringMatching(/\.cache\/mission-control$/)],
] as const)('the cache of %j on %s is %s', (environment, platform, place) => {
  expect(cacheDirectory(environment, platform)).toEqual(place)
})

/** A package as the registry would send it. */
async function archive(): Promise<{ bytes: Buffer; integrity: string }> {
  const source = await mkdtemp(path.join(directory, 'source-'))
  execFileSync('mkdir', ['-p', path.join(source, 'package/generated')])
  await writeFile(path.join(source, 'package/generated/api.github.com.json'), '{"paths":{}}')
  const file = path.join(source, 'a.tgz')
  execFileSync('tar', ['-czf', file, '-C', source, 'package'])
  const bytes = await readFile(file)
  return { bytes, integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}` }
}

test('a description is downloaded once, and nothing else of its package is kept', async () => {
  const { bytes, integrity } = await archive()
  const cache = await mkdtemp(path.join(directory, 'cache-'))
  let downloads = 0
  const download = (specifier: string, into: string): string => {
    downloads += 1
    const file = path.join(into, 'a.tgz')
    execFileSync('tee', [file], { input: bytes, stdio: ['pipe', 'ignore', 'inherit'] })
    expect(specifier).toBe('@octokit/openapi@1.2.3')
    return file
  }
  const described = { specifier: '@octokit/openapi@1.2.3', integrity }
  const file = describedFileOf(described, cache, download)
  expect(describedFileOf(described, cache, download)).toBe(file)
  expect(await readFile(file, 'utf8')).toBe('{"paths":{}}')
  expect([downloads, await readdir(path.join(cache, 'github-schema'))]).toEqual([
    1,
    ['octokit-openapi-1.2.3.json'],
  ])
})

test('an archive that is not the pinned one is refused and leaves nothing behind', async () => {
  const { bytes } = await archive()
  const cache = await mkdtemp(path.join(directory, 'cache-'))
  const download = (_: string, into: string): string => {
    const file = path.join(into, 'a.tgz')
    execFileSync('tee', [file], { input: bytes, stdio: ['pipe', 'ignore', 'inherit'] })
    return file
  }
  const described = { specifier: '@octokit/openapi@1.2.3', integrity: 'sha512-other' }
  expect(() => describedFileOf(described, cache, download)).toThrow(/is sha512-.*, not sha512-other/)
  expect(await readdir(path.join(cache, 'github-schema'))).toEqual([])
})
