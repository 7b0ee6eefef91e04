import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { until } from '../harness/wait.ts'
import { expectInvariants } from '../integration/invariants.ts'
import { AGENTS, type Stage } from './stage.ts'

const PATIENCE = 60

/** What a death may leave for a while: each query answers what is still open. */
const OPEN = {
  'deliveries that nobody has handled':
    "select id from webhook_deliveries where state in ('received', 'working')",
  'calls that nobody has followed up': "select id, kind, intent from outbound_calls where state = 'pending'",
  'projections that are locked': 'select task_id from projections where locked_until is not null',
  'tasks that GitHub does not show as they are': `
    select t.id from tasks t left join projections p on p.task_id = t.id where coalesce(p.revision, 0) < t.revision`,
  'sessions that live': "select id from sessions where status in ('dispatched', 'running')",
  'leases that go on after their session':
    'select id from sessions where ended_at is not null and lease_until > now()',
}

/** Jobs of a process that died stay with it for up to 30 s; nothing waits for them. */
const JOBS = {
  'jobs that nobody has done':
    "select id, name from pgboss.job where state in ('created', 'retry', 'active')",
  'jobs that failed for good': "select id, name, output from pgboss.job where state = 'failed'",
}

/** Waits until nothing is left of what was asked of anybody, and nothing of the dead on the disk and among processes. */
export async function expectNothingLeft(stage: Stage): Promise<void> {
  await empty(stage, OPEN)
  await nothing('directories of sessions and of pushes', () => leftDirectories(stage))
  await nothing('processes of the dead', () => orphans(stage))
  await expectInvariants(stage.world.database)
}

/** As `expectNothingLeft`, the jobs included, and no credential lies on the disk. */
export async function expectNothingLeftAtAll(stage: Stage): Promise<void> {
  await empty(stage, { ...OPEN, ...JOBS })
  expect(await filesWithTokens(stage)).toEqual([])
}

async function empty(stage: Stage, queries: Record<string, string>): Promise<void> {
  for (const [what, query] of Object.entries(queries)) {
    await nothing(what, async () => (await stage.world.database.pool.query(query)).rows)
  }
}

async function nothing(what: string, look: () => Promise<unknown[]>): Promise<void> {
  let left: unknown[] = []
  const none = async (): Promise<boolean> => {
    left = await look()
    return left.length === 0
  }
  await until(`there are no ${what}`, none, PATIENCE).catch((error: unknown) => {
    throw new Error(`${error}: ${JSON.stringify(left)}`)
  })
}

/** Session directories and worktrees of the runners, quarantines of the gateway. */
async function leftDirectories({ directories }: Stage): Promise<string[]> {
  const found: string[] = []
  for (const name of AGENTS) {
    const sessions = join(directories.runner(name), 'sessions')
    found.push(...(await list(sessions)).map((entry) => join(sessions, entry)))
    for (const cache of await list(join(directories.runner(name), 'cache'))) {
      const worktrees = join(directories.runner(name), 'cache', cache, 'worktrees')
      found.push(...(await list(worktrees)).map((entry) => join(worktrees, entry)))
    }
  }
  for (const mirror of await list(directories.mirrors)) {
    const place = join(directories.mirrors, mirror, 'quarantine')
    found.push(...(await list(place)).map((entry) => join(place, entry)))
  }
  return found
}

async function list(directory: string): Promise<string[]> {
  return existsSync(directory) ? readdir(directory) : []
}

/** Processes that were started with a path of ours and are none of those that are meant to live. */
async function orphans(stage: Stage): Promise<string[]> {
  const living = new Set([process.pid, ...stage.living()].map(String))
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && !living.has(name))) {
    const said = await Promise.all(['cmdline', 'environ'].map((name) => readProcess(pid, name)))
    if (stage.directories.all.some((directory) => said.join('\0').includes(directory))) {
      found.push(`${pid}: ${said[0]?.replaceAll('\0', ' ')}`)
    }
  }
  return found
}

/** Empty for a process that has gone, or that belongs to somebody else. */
async function readProcess(pid: string, name: string): Promise<string> {
  try {
    return await readFile(join('/proc', pid, name), 'latin1')
  } catch {
    return ''
  }
}

const TOKEN = /\bmcs_[1-9][0-9]*_[A-Za-z0-9_-]{43}\b|\bghs_[A-Za-z0-9_.-]{20,}/

/** Everything on the disk that holds a session's token or one of GitHub's. */
async function filesWithTokens({ directories }: Stage): Promise<string[]> {
  const found: string[] = []
  for (const directory of directories.all) {
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      if (TOKEN.test(await readFile(path, 'latin1'))) found.push(path)
    }
  }
  return found
}
