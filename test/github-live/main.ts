// `npm run test:github`: the loop on a scratch repository of the real GitHub, and how its answers differ in shape from
// those of the local GitHub. docs/local-github.md says what it needs.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'
import { connectAdmin, databaseUrl } from '../harness/database-server.ts'
import { type Place, placeOf } from './place.ts'
import { observe, startTwinOf } from './run.ts'
import { compareObservations } from './shape.ts'

/** GitHub's log of deliveries is some seconds behind; its limits ask for patience. */
const live = { pollMs: 2_000, patienceSeconds: 180 }
const local = { pollMs: 100, patienceSeconds: 60 }

async function withDatabases<Result>(
  use: (first: string, second: string) => Promise<Result>,
): Promise<Result> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mc-github-live-db-'))
  await chmod(dataDir, 0o711) // below root PostgreSQL runs as another user
  try {
    const postgres = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } })
    try {
      const admin = await connectAdmin(postgres.url)
      await admin.query('create database live')
      await admin.query('create database twin')
      await admin.end()
      return await use(databaseUrl(postgres.url, 'live'), databaseUrl(postgres.url, 'twin'))
    } finally {
      await postgres.stop()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function run(place: Place, pace: typeof live): Promise<number> {
  return withDatabases(async (first, second) => {
    console.log(`the loop on ${place.apiUrl}, ${place.repository}`)
    const say = (line: string) => console.log(`  ${line}`)
    const theirs = await observe(place, { ...pace, databaseUrl: first, say })
    const twin = await startTwinOf(place)
    try {
      console.log('the same on the local GitHub')
      const ours = await observe(twin.place, { ...local, databaseUrl: second, say })
      const { compared, differences, notCompared } = compareObservations(theirs, ours)
      for (const line of [...notCompared, ...differences]) console.log(line)
      console.log(`${compared} answers and events compared, ${differences.length} differences`)
      return differences.length
    } finally {
      await twin.stop()
    }
  })
}

const place = placeOf(process.env)
if (place === null) console.log('skipped: no credentials')
else {
  const isHere = new URL(place.apiUrl).hostname === '127.0.0.1'
  process.exitCode = (await run(place, isHere ? local : live)) > 0 ? 1 : 0
}
