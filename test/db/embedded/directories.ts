import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { stopEmbeddedPostgres } from '../../../src/db/embedded/embedded-postgres.ts'
import { fastestDirectory } from '../../harness/fastest-directory.ts'

/** A directory of its own for one test; what runs in it is stopped and it is deleted at the end. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(await fastestDirectory(), 'mission-control-embedded-'))
  await chmod(directory, 0o711)
  onTestFinished(async () => {
    await stopEmbeddedPostgres(directory)
    await rm(directory, { recursive: true, force: true })
  })
  return directory
}

type Child = ChildProcessByStdio<Writable, Readable, null>

/** Another process that starts, or shares, the server of a directory. */
export async function startInProcess(dataDir: string) {
  const script = fileURLToPath(new URL('server-process.ts', import.meta.url))
  const child: Child = spawn(process.execPath, [script, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(([code]) => Promise.reject(new Error(`the process ended with ${code}`))),
  ])
  const { url, reused } = JSON.parse(line) as { url: string; reused: boolean }
  return {
    url,
    reused,
    async stop() {
      child.stdin.end()
      await exited
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // told to connect and query as well
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** The lines that PostgreSQL wrote into its pid file; the process id comes first. */
export function pidFileOf(dataDir: string): string[] {
  return readFileSync(join(dataDir, 'cluster', 'pgdata', 'postmaster.pid'), 'utf8').split('\n')
}
