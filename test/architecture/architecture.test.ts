import { describe, expect, test } from 'vitest'
import { readTree } from './read-tree.ts'
import { ROOMS, roomOf } from './rooms.ts'
import { violations } from './rules.ts'

describe('the rooms of src/', () => {
  test('keep the rules of docs/architecture.md', async () => {
    const found = violations(await readTree('src'))
    expect(found.map(({ rule, path, reason }) => `${rule}: ${path} ${reason}`)).toEqual([])
  })

  test('are seen: every room that exists has files with imports', async () => {
    const files = await readTree('src')
    const seen = new Set([...files.keys()].map(roomOf))
    expect(seen).not.toContain(null)
    expect(ROOMS.filter((room) => !seen.has(room))).toEqual(['payouts', 'dashboard'])
  })
})

/** Each plants one violation into a small clean tree, and says by which rule and for what it is refused. */
const PLANTED: [name: string, files: Record<string, string>, rule: string, reason: RegExp][] = [
  [
    'two files import each other',
    { 'src/git/a.ts': "import { b } from './b.ts'", 'src/git/b.ts': "export { a } from './a.ts'" },
    'no cycle',
    /src\/git\/a.ts -> src\/git\/b.ts -> src\/git\/a.ts/,
  ],
  [
    'a circle is closed by a dynamic import',
    { 'src/git/a.ts': "import './b.ts'", 'src/git/b.ts': "const a = await import('./a.ts')" },
    'no cycle',
    /in a circle/,
  ],
  [
    'domain imports a package',
    { 'src/domain/a.ts': "import { z } from 'zod'" },
    'domain imports nothing',
    /zod/,
  ],
  [
    'domain imports a type of another room',
    { 'src/domain/a.ts': "import type { B } from '../runtime/b.ts'", 'src/runtime/b.ts': '' },
    'domain imports nothing',
    /runtime/,
  ],
  [
    'sql is imported outside db/',
    { 'src/jobs/a.ts': "import { type Kysely, sql } from 'kysely'" },
    'SQL only in db/',
    /kysely's sql/,
  ],
  [
    'a query is built outside db/',
    { 'src/jobs/a.ts': "db.selectFrom('tasks').execute()" },
    'SQL only in db/',
    /selectFrom/,
  ],
  [
    'a query is sent outside db/',
    { 'src/jobs/a.ts': 'await pool.query(text, [1])' },
    'SQL only in db/',
    /sends a query/,
  ],
  [
    'a statement stands outside db/',
    { 'src/jobs/a.ts': 'const text = `select id\n from tasks`' },
    'SQL only in db/',
    /select id/,
  ],
  [
    'octokit is used outside github/',
    { 'src/webhooks/a.ts': "import { Octokit } from '@octokit/rest'" },
    '@octokit/rest and /graphql only in github/',
    /@octokit\/rest/,
  ],
  [
    'the orchestrator imports a type of github/',
    { 'src/orchestrator/a.ts': "import type { GitHub } from '../github/b.ts'", 'src/github/b.ts': '' },
    'orchestrator reaches no network',
    /src\/github\/b.ts/,
  ],
  [
    'the orchestrator comes to the network by a detour',
    {
      'src/orchestrator/a.ts': "import { b } from '../runtime/b.ts'",
      'src/runtime/b.ts': "import { request } from 'node:https'",
    },
    'orchestrator reaches no network',
    /src\/runtime\/b.ts -> node:https/,
  ],
  [
    'the orchestrator fetches',
    { 'src/orchestrator/a.ts': 'await fetch(url)' },
    'orchestrator reaches no network',
    /fetch/,
  ],
  [
    'the server imports the local GitHub',
    { 'src/main.ts': "import { a } from './local-github/a.ts'", 'src/local-github/a.ts': '' },
    'local-github is imported by the CLI alone; nobody asks whether this is the demo',
    /local-github\/a.ts/,
  ],
  [
    'the local GitHub imports another room',
    { 'src/local-github/a.ts': "import { b } from '../git/b.ts'", 'src/git/b.ts': '' },
    'local-github is imported by the CLI alone; nobody asks whether this is the demo',
    /over HTTP only/,
  ],
  [
    'the server imports the local model',
    { 'src/main.ts': "import { a } from './local-model/a.ts'", 'src/local-model/a.ts': '' },
    'local-model is imported by the CLI alone',
    /src\/local-model\/a.ts: an address decides/,
  ],
  [
    'the local model imports the agent',
    { 'src/local-model/a.ts': "import { b } from '../agent/b.ts'", 'src/agent/b.ts': '' },
    'local-model is imported by the CLI alone',
    /over HTTP only/,
  ],
  [
    'a job asks whether this is the demo',
    { 'src/jobs/a.ts': 'if (config.demo) return' },
    'local-github is imported by the CLI alone; nobody asks whether this is the demo',
    /demo/,
  ],
  [
    'the command line asks whether this is the demo',
    { 'src/cli/a.ts': 'if (isDemo && ready) return' },
    'local-github is imported by the CLI alone; nobody asks whether this is the demo',
    /isDemo/,
  ],
  ...[
    'process.env.HOME',
    "process['env']",
    'const { env } = process',
    "import { env } from 'node:process'",
  ].map((code): (typeof PLANTED)[number] => [
    `a room reads its environment by ${code}`,
    { 'src/db/a.ts': code },
    'process.env only in config.ts and agent/config.ts',
    /process.env/,
  ]),
  [
    'a room imports from one below it',
    { 'src/git/a.ts': "import type { B } from '../api/b.ts'", 'src/api/b.ts': '' },
    'a room imports from rooms above it',
    /api stands below git/,
  ],
  ['a folder is no room', { 'src/utils/a.ts': '' }, 'a room imports from rooms above it', /is in no room/],
  [
    'agent/ imports a room of the server',
    { 'src/agent/a.ts': "import { b } from '../git/b.ts'", 'src/git/b.ts': '' },
    'agent/ knows protocol, domain and runtime',
    /another machine/,
  ],
]

describe('a violation is refused with its reason', () => {
  test.each(PLANTED)('when %s', (_name, files, rule, reason) => {
    const found = violations(new Map(Object.entries(files)))
    expect(found).toEqual([expect.objectContaining({ rule, reason: expect.stringMatching(reason) })])
  })
})

describe('what is allowed is not refused', () => {
  const allowed: [string, Record<string, string>][] = [
    [
      'types import each other',
      {
        'src/git/a.ts': "import { type B } from './b.ts'",
        'src/git/b.ts': "import type { A } from './a.ts'",
      },
    ],
    ['db/ writes SQL', { 'src/db/a.ts': "import { sql } from 'kysely'\nsql`select 1 from tasks`" }],
    [
      'a sentence begins like a statement',
      { 'src/presenter/a.ts': "const text = 'Select an agent, then go on'" },
    ],
    ['a comment names process.env', { 'src/db/a.ts': '// process.env is not read here\n/* if (demo) */' }],
    ['a regular expression holds a quote', { 'src/db/a.ts': "const a = /['\"`]/\nconst b = 'process.env'" }],
    [
      'the orchestrator reaches the database through db/',
      { 'src/orchestrator/a.ts': "import { b } from '../db/b.ts'", 'src/db/b.ts': "import pg from 'pg'" },
    ],
    [
      'the command line starts the local GitHub',
      { 'src/cli/demo.ts': "import { a } from '../local-github/a.ts'", 'src/local-github/a.ts': '' },
    ],
  ]
  test.each(allowed)('when %s', (_name, files) => {
    expect(violations(new Map(Object.entries(files)))).toEqual([])
  })
})
