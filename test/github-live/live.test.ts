import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Place } from './place.ts'
import { startProxy } from './proxy.ts'
import { startTwin, type Twin } from './run.ts'

const program = join(import.meta.dirname, 'main.ts')
const files = { 'README.md': '# scratch\n', 'src/code.js': 'export const answer = 41\n' }
let twin: Twin

beforeAll(async () => {
  twin = await startTwin('maya/scratch', { files, private: false, person: 'maya' })
})

afterAll(() => twin.stop())

/** The program as `npm run test:github` runs it, in a process of its own. */
function run(environment: Record<string, string>): Promise<{ code: number | null; lines: string[] }> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, ...environment }
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, lines: output.trimEnd().split('\n') }))
  })
}

const named = (place: Place): Record<string, string> => ({
  TEST_GITHUB_APP_ID: String(place.appId),
  TEST_GITHUB_PRIVATE_KEY: place.privateKey.replaceAll('\n', '\\n'),
  TEST_GITHUB_REPOSITORY: place.repository,
  TEST_GITHUB_PERSON_TOKEN: place.personToken,
  TEST_GITHUB_API_URL: place.apiUrl,
  TEST_GITHUB_SERVER_URL: place.serverUrl,
})

test('it says that it was skipped when the environment has no credentials', async () => {
  expect(await run({})).toEqual({ code: 0, lines: ['skipped: no credentials'] })
})

test('it names what is missing when the credentials are there by halves', async () => {
  const { code, lines } = await run({ TEST_GITHUB_APP_ID: '1' })
  expect(code).toBe(1)
  expect(lines.join('\n')).toContain('TEST_GITHUB_PRIVATE_KEY')
})

test('the loop goes and nothing differs when GitHub is another local GitHub', async () => {
  const { code, lines } = await run(named(twin.place))
  expect({ code, lines }).toMatchObject({ code: 0 })
  expect(lines.at(-1)).toMatch(/^\d\d answers and events compared, 0 differences$/)
  expect(lines).toContain('  the comment says Cancelled')
}, 120_000)

/** What a GitHub that has changed would answer: comments without a node id, an address that is a number. */
function bent(path: string, text: string): string {
  if (!/\/issues\/\d+(\/comments.*)?$/.test(path) || text === '') return text
  const body = JSON.parse(text) as Record<string, unknown> | Record<string, unknown>[]
  if (Array.isArray(body)) for (const comment of body) delete comment.node_id
  else if (body.timeline_url !== undefined) body.timeline_url = 7
  return JSON.stringify(body)
}

test('it prints each difference and fails when GitHub has changed', async () => {
  const proxy = await startProxy(twin.place.apiUrl, ({ path, text }) => bent(path, text))
  try {
    const { code, lines } = await run(named({ ...twin.place, apiUrl: proxy.url }))
    expect({ code, lines }).toMatchObject({ code: 1 })
    expect(lines).toEqual(
      expect.arrayContaining([
        'issues/get as person 200: /timeline_url: GitHub number, local string',
        'issues/list-comments as person 200: /[]/node_id: GitHub absent, local string',
      ]),
    )
  } finally {
    await proxy.stop()
  }
}, 120_000)
