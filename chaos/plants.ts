import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createSign } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../src/db/schema.ts'
import type { Api } from './github-api.ts'
import type { AgentPlace } from './invariants/subject.ts'

const run = promisify(execFile)

/** A task that has its pull request. */
export interface Finished {
  id: number
  repository: string
  number: number
  branch: string
  sessionId: number
}

/** The app as GitHub knows it. */
export interface AppAccount {
  id: number
  privateKey: string
  installationId: number
  apiUrl: string
  gitUrl: string
}

/** The last task that has ended in a pull request, with its last session. */
export async function finishedTask(db: Kysely<Database>): Promise<Finished> {
  const { rows } = await sql<Finished>`
    select t.id, p.owner_login || '/' || p.name as repository, t.number, t.branch, max(s.id) as session_id
    from tasks t join projects p on p.id = t.project_id join sessions s on s.task_id = t.id
    where t.pull_request_number is not null and t.status = 'review'
    group by t.id, p.owner_login, p.name order by t.id desc limit 1`.execute(db)
  const [task] = rows
  if (task === undefined) throw new Error('no task has ended in a pull request')
  return task
}

/** `one-pull-request`: somebody opens a second one for the same issue. */
export async function plantPullRequest(api: Api, { repository, number, branch }: Finished): Promise<void> {
  const ref = (await api('GET', `/repos/${repository}/git/ref/heads/${branch}`)) as {
    object: { sha: string }
  }
  const second = `second-${number}`
  await api('POST', `/repos/${repository}/git/refs`, { ref: `refs/heads/${second}`, sha: ref.object.sha })
  await api('POST', `/repos/${repository}/pulls`, {
    title: 'Once more',
    head: second,
    base: 'main',
    body: `Closes #${number}`,
  })
}

/** `one-status-comment`: a second comment with the task's marker. */
export async function plantComment(api: Api, { repository, number, id }: Finished): Promise<void> {
  await api('POST', `/repos/${repository}/issues/${number}/comments`, {
    body: `<!-- mission-control:status task=${id} -->\n### Once more\n`,
  })
}

/**
 * `one-session`: the index that forbids it is gone, and the task of a live session has a second one, in order but for
 * that.
 */
export async function plantSession(db: Kysely<Database>): Promise<void> {
  await sql`drop index sessions_one_live_per_task`.execute(db)
  await db.transaction().execute(async (trx) => {
    const live = await trx
      .selectFrom('sessions')
      .selectAll()
      .where('status', '=', 'running')
      .orderBy('id')
      .forUpdate()
      .executeTakeFirstOrThrow()
    const fence = live.fence + 1
    const { id: _, terms, ...columns } = live
    // an agent of its own: one that has too many sessions breaks another rule
    const { id: agentId } = await trx
      .selectFrom('agents')
      .select('id')
      .where('id', '<>', live.agentId)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('sessions')
              .select('sessions.id')
              .whereRef('sessions.agentId', '=', 'agents.id')
              .where('sessions.status', 'in', ['dispatched', 'running']),
          ),
        ),
      )
      .executeTakeFirstOrThrow()
    await trx.updateTable('tasks').set({ fence }).where('id', '=', live.taskId).execute()
    const { id: sessionId } = await trx
      .insertInto('sessions')
      .values({ ...columns, terms: JSON.stringify(terms), agentId, fence })
      .returning('id')
      .executeTakeFirstOrThrow()
    await trx
      .insertInto('sessionEvents')
      .values({ taskId: live.taskId, sessionId, kind: 'claimed', detail: '{}' })
      .execute()
  })
}

/** `database-rules`: a task costs more than its sessions did. */
export async function plantCost(db: Kysely<Database>, { id }: Finished): Promise<void> {
  await sql`update tasks set tokens_used = tokens_used + 1 where id = ${id}`.execute(db)
}

/** `fencing`: the app's own rights, used for a session that has ended. */
export async function plantPush(app: AppAccount, task: Finished, directory: string): Promise<void> {
  const token = await installationToken(app)
  const address = new URL(`${app.gitUrl}/${task.repository}.git`)
  address.username = 'x-access-token'
  address.password = token
  const clone = join(directory, 'planted-push')
  const git = (...args: string[]) => run('git', ['-C', clone, ...args])
  await run('git', ['clone', '--quiet', '--branch', task.branch, address.href, clone])
  await writeFile(join(clone, 'late.txt'), `by session ${task.sessionId}\n`)
  await git('add', '-A')
  await git('-c', 'user.name=late', '-c', 'user.email=late@example.test', 'commit', '--quiet', '-m', 'Late')
  await git('push', '--quiet', 'origin', `HEAD:refs/heads/${task.branch}`)
}

async function installationToken({ id, privateKey, installationId, apiUrl }: AppAccount): Promise<string> {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url')
  const now = Math.floor(Date.now() / 1_000)
  const head = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: now - 5, exp: now + 300, iss: String(id) })}`
  const signature = createSign('RSA-SHA256').update(head).sign(privateKey, 'base64url')
  const response = await fetch(`${apiUrl}/app/installations/${installationId}/access_tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${head}.${signature}`, accept: 'application/vnd.github+json' },
  })
  const answer = (await response.json()) as { token?: string }
  if (answer.token === undefined) throw new Error(`no token: ${response.status} ${JSON.stringify(answer)}`)
  return answer.token
}

/** `no-orphan-process`: something that an ended session started goes on. Ends with the stack. */
export function plantProcess(
  stack: AsyncDisposableStack,
  agent: AgentPlace,
  { sessionId }: Finished,
): ChildProcess {
  const home = join(agent.workDir, 'sessions', String(sessionId), 'home')
  const child = spawn('sleep', ['600'], { stdio: 'ignore', env: { HOME: home, PATH: '/usr/bin:/bin' } })
  stack.defer(() => void child.kill('SIGKILL'))
  return child
}

/** `no-leftover-directory`: the files of an ended session. */
export async function plantDirectory(agent: AgentPlace, { sessionId }: Finished): Promise<string> {
  const directory = join(agent.workDir, 'sessions', String(sessionId))
  await mkdir(join(directory, 'repo'), { recursive: true })
  return directory
}

/** `no-live-token`: a gateway that lets everybody in. Answers its address; ends with the stack. */
export async function plantGateway(stack: AsyncDisposableStack): Promise<string> {
  const server = createServer((_request, response) => response.end('001e# service=git-upload-pack\n0000'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
