import { branchWithChange, openWorld, putFile, type World } from '../world.ts'
import { appTokens, installationToken } from './tokens.ts'
import { type Caller, callers, type Facts } from './wrong.ts'

export interface RefusalWorld {
  world: World
  tokens: Record<Caller, string>
  facts: Facts
}

const runYml = `on:
  workflow_dispatch:
    inputs:
      session: { required: true, type: string }
      mode: { type: choice, options: [calm, quick], default: calm }
`

const workflows = {
  '.github/workflows/run.yml': runYml,
  '.github/workflows/push.yml': 'on: push\n',
  '.github/workflows/list.yml': 'on: [push, pull_request]\n',
}

/** Repositories, people, tokens and pull requests to be refused with; the cases leave them as they are. */
export async function openRefusalWorld(): Promise<RefusalWorld> {
  let behindMs = 3_601_000
  const world = await openWorld({ now: () => new Date(Date.now() - behindMs) })
  const tokens = Object.fromEntries(callers.map((caller) => [caller, ''])) as Record<Caller, string>
  Object.assign(tokens, people(world), { stranger: 'ghp_unknown' })
  const stoneId = await repositories(world)
  const { installationId } = world
  const others = await otherInstallations(world)
  const { jwt: early } = appTokens(world, new Date(Date.now() - behindMs))
  tokens.expired = await installationToken(world, installationId, early, {})
  behindMs = 0
  const own = appTokens(world, new Date())
  Object.assign(tokens, own, await installationTokens(world, own.jwt, others))
  world.github.suspend('sleepy')
  world.github.uninstall('gone')
  const facts = { installationId, suspendedId: others.sleepy, stoneId, ...(await branches(world)) }
  await issues(world)
  await world.owner.rest.repos.update({ ...world.repo, allow_rebase_merge: false })
  return { world, tokens, facts }
}

function people({ github }: World): Partial<Record<Caller, string>> {
  const made: Partial<Record<Caller, string>> = { owner: github.createUser('octo').token }
  for (const [login, role] of [
    ['outsider', null],
    ['reader', 'read'],
    ['triager', 'triage'],
    ['writer', 'write'],
    ['maintainer', 'maintain'],
  ] as const) {
    made[login] = github.createUser(login).token
    github.setRole('octo/demo', login, role)
  }
  return made
}

async function repositories({ github, owner, repo }: World): Promise<number> {
  const file = { files: { a: '1' } }
  await github.createRepository({ owner: 'octo', name: 'empty' })
  await github.createRepository({ owner: 'octo', name: 'secret', private: true, drafts: false, ...file })
  await github.createRepository({ owner: 'octo', name: 'vault', private: true, ...file })
  await github.createRepository({ owner: 'hermit', name: 'cave', private: true, ...file })
  const stone = await github.createRepository({ owner: 'octo', name: 'stone', ...file })
  await github.install(['octo/empty', 'octo/secret', 'octo/vault'])
  await owner.rest.issues.create({ owner: 'octo', repo: 'stone', title: 'Old' })
  await owner.rest.repos.update({ owner: 'octo', repo: 'stone', archived: true })
  const { data: first } = await owner.rest.git.getRef({ ...repo, ref: 'heads/main' })
  await owner.rest.git.createRef({ ...repo, ref: 'refs/heads/before-ci', sha: first.object.sha })
  for (const [path, content] of Object.entries(workflows))
    await owner.rest.repos.createOrUpdateFileContents({
      ...repo,
      path,
      message: 'CI',
      content: encoded(content),
    })
  return stone.id
}

const encoded = (text: string) => Buffer.from(text).toString('base64')

async function otherInstallations({ github }: World): Promise<{ sleepy: number; gone: number }> {
  await github.createRepository({ owner: 'sleepy', name: 'nap', files: { a: '1' } })
  await github.createRepository({ owner: 'gone', name: 'past', files: { a: '1' } })
  const sleepy = await github.install(['sleepy/nap'])
  const gone = await github.install(['gone/past'])
  return { sleepy: sleepy.installationId, gone: gone.installationId }
}

async function installationTokens(world: World, jwt: string, others: { sleepy: number; gone: number }) {
  const own = (ask: object) => installationToken(world, world.installationId, jwt, ask)
  return {
    app: await own({}),
    narrow: await own({ repositories: ['secret'] }),
    'issues read': await own({ permissions: { issues: 'read' } }),
    'issues write': await own({ permissions: { issues: 'write' } }),
    'contents read': await own({ permissions: { contents: 'read' } }),
    suspended: await installationToken(world, others.sleepy, jwt, {}),
    removed: await installationToken(world, others.gone, jwt, {}),
  } satisfies Partial<Record<Caller, string>>
}

/** One issue and five pull requests, numbered 1 to 6, and the branches that they are of. */
async function branches(world: World): Promise<Pick<Facts, 'main' | 'topic' | 'commentId'>> {
  const { github, owner, repo } = world
  await owner.rest.issues.create({ ...repo, title: 'One', labels: ['bug'] })
  const { data: comment } = await owner.rest.issues.createComment({ ...repo, issue_number: 1, body: 'hm' })
  const topic = await branchWithChange(world, 'topic')
  await branchWithChange(world, 'same', {})
  await branchWithChange(world, 'gate', {})
  await branchWithChange(world, 'held', { 'held.txt': '1\n' })
  await owner.rest.pulls.create({ ...repo, title: 'Two', head: 'topic', base: 'main' })
  await branchWithChange(world, 'clash', { 'src/sum.js': 'export const sum = 1\n' })
  await owner.rest.pulls.create({ ...repo, title: 'Three', head: 'clash', base: 'main' })
  await branchWithChange(world, 'sketch', { 'sketch.txt': '1\n' })
  await owner.rest.pulls.create({ ...repo, title: 'Four', head: 'sketch', base: 'main', draft: true })
  await branchWithChange(world, 'shut', { 'shut.txt': '1\n' })
  await owner.rest.pulls.create({ ...repo, title: 'Five', head: 'shut', base: 'main' })
  await owner.rest.pulls.update({ ...repo, pull_number: 5, state: 'closed' })
  await branchWithChange(world, 'ci', {})
  await owner.rest.repos.createOrUpdateFileContents({
    ...repo,
    path: '.github/workflows/new.yml',
    branch: 'ci',
    message: 'CI',
    content: encoded('on: workflow_dispatch\n'),
  })
  await owner.rest.pulls.create({ ...repo, title: 'Six', head: 'ci', base: 'main' })
  github.protectBranch('octo/demo', 'held', {})
  github.protectBranch('octo/demo', 'gate', { pullRequestsOnly: true })
  const { data } = await owner.rest.git.getRef({ ...repo, ref: 'heads/main' })
  await putFile(world, 'main', 'src/sum.js', 'export const sum = 2\n')
  return { main: data.object.sha, topic, commentId: comment.id }
}

/** Issue 7 is locked, issue 8 deleted. */
async function issues({ github, owner, repo }: World): Promise<void> {
  await owner.rest.issues.create({ ...repo, title: 'Seven' })
  await owner.rest.issues.lock({ ...repo, issue_number: 7 })
  await owner.rest.issues.create({ ...repo, title: 'Eight' })
  await github.deleteIssue('octo/demo', 8, 'octo')
}
