import { expect } from 'vitest'
import { branchWithChange, openWorld, putFile, type World } from './world.ts'

type Caller = 'app' | 'owner' | 'outsider' | 'reader' | 'triager' | 'nobody' | 'stranger'

export interface Wrong {
  name: string
  as?: Caller
  method?: string
  path: string
  body?: unknown
  status: number
  /** `Validation Failed` when left out. */
  message?: string | RegExp
  errors?: object[]
}

export interface RefusalWorld {
  world: World
  tokens: Record<Caller, string>
}

export const demo = '/repos/octo/demo'

/** Repositories, people and pull requests to be refused with; the cases leave them as they are. */
export async function openRefusalWorld(): Promise<RefusalWorld> {
  const world = await openWorld()
  const tokens: Record<Caller, string> = {
    app: '',
    owner: '',
    outsider: '',
    reader: '',
    triager: '',
    nobody: '',
    stranger: 'ghp_unknown',
  }
  const { github, owner, repo } = world
  for (const [login, role] of [
    ['outsider', null],
    ['reader', 'read'],
    ['triager', 'triage'],
  ] as const) {
    tokens[login] = github.createUser(login).token
    github.setRole('octo/demo', login, role)
  }
  tokens.owner = github.createUser('octo').token
  const { token } = (await world.app.auth({ type: 'installation' })) as { token: string }
  tokens.app = token
  await github.createRepository({ owner: 'octo', name: 'empty' })
  await github.createRepository({
    owner: 'octo',
    name: 'secret',
    private: true,
    drafts: false,
    files: { a: '1' },
  })
  await github.createRepository({ owner: 'octo', name: 'stone', files: { a: '1' } })
  await github.install(['octo/empty', 'octo/secret'])
  await owner.rest.repos.update({ owner: 'octo', repo: 'stone', archived: true })
  await owner.rest.issues.create({ ...repo, title: 'One', labels: ['bug'] })
  await owner.rest.issues.createComment({ ...repo, issue_number: 1, body: 'by the owner' })
  await branchWithChange(world, 'topic')
  await branchWithChange(world, 'same', {})
  await owner.rest.pulls.create({ ...repo, title: 'Two', head: 'topic', base: 'main' })
  await branchWithChange(world, 'clash', { 'src/sum.js': 'export const sum = 1\n' })
  await owner.rest.pulls.create({ ...repo, title: 'Three', head: 'clash', base: 'main' })
  await putFile(world, 'main', 'src/sum.js', 'export const sum = 2\n')
  return { world, tokens }
}

/** Sends a wrong request and expects GitHub's status, message and shape. */
export async function expectRefused(
  { world, tokens }: RefusalWorld,
  { as = 'owner', method = 'GET', path, body, status, message = 'Validation Failed', errors }: Wrong,
): Promise<void> {
  const token = tokens[as]
  const response = await fetch(world.github.apiUrl + path, {
    method,
    headers: { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const answer = (await response.json()) as { message: string; errors?: object[] }
  expect({ status: response.status, ...answer }).toMatchObject({
    status: String(status),
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    documentation_url: expect.stringContaining('https://docs.github.com'),
    ...(errors && { errors }),
  })
  expect(response.status).toBe(status)
}
