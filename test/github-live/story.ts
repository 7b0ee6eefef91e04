import { randomBytes } from 'node:crypto'
import { until } from '../harness/wait.ts'
import { asApp, asPerson, type Call, type Json } from './caller.ts'
import type { Place } from './place.ts'
import { AGENT, type Ground, type LiveServer } from './server.ts'

export interface StoryOptions {
  place: Place
  /** Address over which the calls of the story are recorded. */
  apiUrl: string
  ground: Ground
  server: LiveServer
  /** Pause between looks at GitHub, and how long the story waits for one thing. */
  pollMs: number
  patienceSeconds: number
  say(line: string): void
}

/** Labels that the story needs: made before it starts, so that every run finds the same. */
export async function prepareLabels(place: Place): Promise<void> {
  const person = asPerson(place, place.apiUrl)
  for (const name of ['process', `agent: ${AGENT}`])
    await person('POST', `/repos/${place.repository}/labels`, { name, color: '1f883d' }, [422])
}

/** What the repository is; asked as the story's people. */
export async function survey(place: Place, apiUrl: string): Promise<Ground> {
  const [person, app] = [asPerson(place, apiUrl), asApp(place, apiUrl)]
  const repository = await person('GET', `/repos/${place.repository}`)
  const installation = await app('GET', `/repos/${place.repository}/installation`)
  const self = await person('GET', '/user')
  const owner = repository.owner as { id: number; login: string }
  return {
    repositoryId: Number(repository.id),
    installationId: Number(installation.id),
    owner: owner.login,
    name: String(repository.name),
    ownerId: owner.id,
    private: repository.private === true,
    defaultBranch: String(repository.default_branch),
    person: { id: Number(self.id), login: String(self.login) },
  }
}

interface Stage extends StoryOptions {
  person: Call
  repo: string
  number: number
}

/** The whole loop: label, agent, pull request, states of the comment, a command, close. Throws when it does not go. */
export async function playStory(options: StoryOptions): Promise<void> {
  const { apiUrl, ground, place, say } = options
  const person = asPerson(place, apiUrl)
  const repo = `/repos/${ground.owner}/${ground.name}`
  const nonce = randomBytes(4).toString('hex')
  const opened = await person('POST', `${repo}/issues`, {
    title: `Check of Mission Control ${nonce}`,
    body: 'Opened by `npm run test:github`, which closes it again.',
    labels: [`agent: ${AGENT}`],
  })
  const stage: Stage = { ...options, person, repo, number: Number(opened.number) }
  say(`issue #${stage.number}`)
  let branch: string | null = null
  try {
    await person('POST', `${repo}/issues/${stage.number}/labels`, { labels: ['process'] })
    branch = await work(stage, nonce)
    await review(stage, branch)
    await ask(stage)
    await wrongRequests(stage)
  } finally {
    await close(stage, branch)
  }
}

/** Looks until the answer is something, at the pace of the place. */
async function look<Value>(
  { pollMs, patienceSeconds }: StoryOptions,
  what: string,
  see: () => Promise<Value | null | undefined | false>,
): Promise<Value> {
  let next = 0
  return until(
    what,
    async () => {
      if (Date.now() < next) return null
      const seen = await see()
      next = Date.now() + pollMs
      return seen
    },
    patienceSeconds,
  )
}

async function comments({ number, person, repo }: Stage): Promise<Json[]> {
  return (await person('GET', `${repo}/issues/${number}/comments?per_page=100`)) as unknown as Json[]
}

/** Waits until the one status comment says this. */
async function statusSays(stage: Stage, text: string): Promise<void> {
  await look(stage, `the status comment says ${text}`, async () => {
    const found = (await comments(stage)).filter(({ body }) =>
      String(body).includes('mission-control:status'),
    )
    if (found.length > 1) throw new Error(`#${stage.number} has ${found.length} status comments.`)
    return String(found[0]?.body).includes(text)
  })
  stage.say(`the comment says ${text}`)
}

/** The agent's part; answers its branch. */
async function work(stage: Stage, nonce: string): Promise<string> {
  const { agent } = stage.server
  await look(stage, 'the agent gets its assignment', async () =>
    agent.frames.some(({ type }) => type === 'task_assigned'),
  )
  const assignment = await agent.assignment()
  await agent.accept(assignment)
  await statusSays(stage, AGENT)
  const clone = await agent.clone(assignment)
  await clone.commit({ [`checks/${nonce}.txt`]: 'done\n' })
  const pushed = await clone.push()
  if (!pushed.ok) throw new Error(`The push through the gateway failed:\n${pushed.output}`)
  const answer = await agent.complete(assignment)
  if (answer.type !== 'answer') throw new Error(`The completion was refused: ${JSON.stringify(answer)}`)
  return assignment.git.branch
}

async function review(stage: Stage, branch: string): Promise<void> {
  const { ground, person, repo, say } = stage
  const head = encodeURIComponent(`${ground.owner}:${branch}`)
  const pull = await look(stage, 'the pull request is open', async () => {
    const [found] = (await person('GET', `${repo}/pulls?state=open&head=${head}`)) as unknown as Json[]
    return found
  })
  const at = `${repo}/pulls/${String(pull.number)}`
  say(`pull request #${String(pull.number)}`)
  await look(stage, 'GitHub knows whether it can be merged', async () => {
    return (await person('GET', at)).mergeable !== null
  })
  await person('GET', `${at}/files`)
  await person('GET', `${at}/commits`)
  await person('GET', `${repo}/branches/${encodeURIComponent(branch)}`)
  await statusSays(stage, `#${String(pull.number)}`)
}

/** A command in a comment: the reaction says that it was seen. */
async function ask(stage: Stage): Promise<void> {
  const { number, person, repo } = stage
  const comment = await person('POST', `${repo}/issues/${number}/comments`, { body: '/help' })
  await look(stage, 'the command has its reaction', async () => {
    const { reactions } = await person('GET', `${repo}/issues/comments/${String(comment.id)}`)
    return (reactions as Record<string, number>)['+1'] === 1
  })
  await look(stage, 'the command has its answer', async () => (await comments(stage)).length >= 3)
}

/** How GitHub refuses: the shape of its refusals is compared, too. */
async function wrongRequests({ number, person, repo }: Stage): Promise<void> {
  const wrong: [string, string, number[], unknown?][] = [
    ['GET', `${repo}/issues/999999999`, [404]],
    ['GET', `${repo}/contents/no/such/file`, [404]],
    ['GET', `${repo}/git/ref/heads/no-such-branch`, [404]],
    ['GET', `${repo}/branches/no-such-branch`, [404]],
    ['GET', '/app', [401]],
    ['POST', `${repo}/issues`, [422], {}],
    ['POST', `${repo}/issues/${number}/comments`, [422], { body: '' }],
    ['POST', `${repo}/issues/${number}/reactions`, [422], { content: 'tada' }],
    ['DELETE', `${repo}/issues/${number}/labels/no-such-label`, [404]],
    ['POST', `${repo}/labels`, [422], { name: 'process' }],
    ['POST', `${repo}/pulls`, [422], { title: 'x', head: 'no-such-branch', base: 'main' }],
    ['POST', `${repo}/git/refs`, [422], { ref: 'refs/heads/none', sha: '1'.repeat(40) }],
    ['PATCH', `${repo}/git/refs/heads/no-such-branch`, [422, 404], { sha: '1'.repeat(40) }],
    ['POST', `${repo}/actions/workflows/no-such.yml/dispatches`, [404], { ref: 'main' }],
  ]
  for (const [method, path, expected, body] of wrong) await person(method, path, body, expected)
}

/** Leaves nothing open; what the app says last is waited for when the story went well. */
async function close(stage: Stage, branch: string | null): Promise<void> {
  const { ground, number, person, repo, say } = stage
  const head = branch === null ? null : encodeURIComponent(`${ground.owner}:${branch}`)
  const pulls = head === null ? [] : await person('GET', `${repo}/pulls?state=open&head=${head}`)
  for (const pull of pulls as unknown as Json[]) {
    await person('PATCH', `${repo}/pulls/${String(pull.number)}`, { state: 'closed' })
    await person('GET', `${repo}/pulls/${String(pull.number)}`)
  }
  await person('PATCH', `${repo}/issues/${number}`, { state: 'closed', state_reason: 'not_planned' })
  if (branch !== null) {
    await statusSays(stage, 'Cancelled')
    await person('DELETE', `${repo}/git/refs/heads/${branch}`)
  }
  await person('GET', `${repo}/issues/${number}`)
  say('closed')
}
