import { setTimeout as delay } from 'node:timers/promises'
import { makeToken } from '../../src/cli/token.ts'
import { type Case, defineCase, type Ground } from '../case.ts'
import type { Measured } from '../report.ts'
import { connectQuickAgent, type QuickAgent } from '../stage/agent.ts'
import { bareRoundTrips } from '../stage/bare-round-trip.ts'
import type { Remote } from '../stage/child.ts'
import type { GitHubApi } from '../stage/github-process.ts'
import type { ServerApi } from '../stage/server-process.ts'
import { type Stage, setStage, startServerProcess } from '../stage/stage.ts'
import { coveredMs, longestSequence, median, percentile, type Span } from '../statistics.ts'

const OWNER = 'maya'
const REPOSITORY = `${OWNER}/numbers`
const LABEL = 'process'
const WARM_UP = 6
const MEASURED = 40
const PACE_MS = 500
const PATIENCE_MS = 60_000

const FILES = {
  'README.md': '# numbers\n\nSmall functions over lists of numbers.\n',
  'AGENTS.md': 'Every bug fix comes with the test that failed before it.\n',
  'CONTEXT.md': '# What was done and why\n',
  'src/sum.js': 'export const sum = (values) => values.reduce((total, value) => total + value, 0)\n',
}

/** One task on its way from the label to its agent; times in milliseconds since the epoch. */
interface Handover {
  /** The label was accepted, and its webhook queued. */
  labelled: number
  /** The webhook's request reached our door. */
  arrived: number
  /** The agent held the assignment. */
  held: number
  /** What the server asked of GitHub meanwhile, for this task. */
  calls: Span[]
}

/** From the label's webhook to an agent that holds its assignment, everything warm. */
export const handover: Case = defineCase({
  name: 'handover',
  rows: [
    {
      name: 'handover',
      about: `label's webhook to the agent holding its assignment, p50 at ${1000 / PACE_MS} tasks/s`,
      unit: 'ms',
      goal: 'under 250',
    },
    {
      name: 'handover-own',
      about: 'our own time in it, without that spent waiting for GitHub, p99',
      unit: 'ms',
      goal: 'under 100',
    },
    {
      name: 'handover-calls',
      about: 'GitHub calls in sequence before the hand-over, the most of any task',
      unit: 'calls',
      goal: 'at most 2',
    },
  ],
  async run(ground) {
    const bare = await bareRoundTrips(ground.stack, MEASURED)
    const handovers = await handOver(ground)
    const total = handovers.map(({ labelled, held }) => held - labelled)
    const own = handovers.map(({ arrived, held, calls }) => {
      return held - arrived - coveredMs(calls, { start: arrived, end: held })
    })
    const [p50, p99] = [percentile(total, 50), percentile(total, 99)]
    const ownP99 = percentile(own, 99)
    const reference = { name: 'bare webhook to socket, p50', value: median(bare) }
    return {
      handover: { value: p50, p50, p99, reference },
      'handover-own': { value: ownP99, p50: percentile(own, 50), p99: ownP99 },
      'handover-calls': { value: Math.max(...handovers.map(({ calls }) => longestSequence(calls))) },
    } satisfies Record<string, Measured>
  },
})

async function handOver({ stack, say, profiles }: Ground): Promise<Handover[]> {
  say('starting PostgreSQL, a local GitHub and the server')
  const stage = await setStage(stack)
  const server = await startServerProcess(stack, stage.config, profiles)
  const { url } = await server.describe()
  const maintainer = await seed(stage, url)
  const key = await makeToken(stage.config, {
    name: 'ada',
    owner: OWNER,
    provider: 'command',
    capabilities: ['coding'],
    project: [REPOSITORY],
    maxConcurrent: '10',
  })
  const agent = await connectQuickAgent(stack, url, key)
  say(`labelling ${WARM_UP} issues to warm up and ${MEASURED} to measure`)
  await labelAtPace(stage, maintainer)
  await untilAllAreHeld(agent)
  const handovers = await collect(stage.github, server, agent)
  return handovers.slice(-MEASURED)
}

/** Makes the repository, its label and all issues. Answers the maintainer's token. */
async function seed({ github, config }: Stage, serverUrl: string): Promise<string> {
  await github.createRepository({ owner: OWNER, name: 'numbers', files: FILES })
  const { token } = await github.createUser(OWNER)
  await post(config.github.apiUrl, token, '/labels', { name: LABEL, color: '1f883d' })
  for (let number = 1; number <= WARM_UP + MEASURED; number += 1) {
    await post(config.github.apiUrl, token, '/issues', {
      title: `sum of an empty list, part ${number}`,
      body: 'It should be `0`. The code is in `src/sum.js`.\n\n- [ ] the tests pass\n',
    })
  }
  await github.setWebhook(`${serverUrl}/api/github/webhooks`)
  await github.install([REPOSITORY])
  await github.flushWebhooks()
  return token
}

/** One label every half second, by the clock: a slow hand-over does not hold the next one back. */
async function labelAtPace({ config }: Stage, token: string): Promise<void> {
  const start = performance.now()
  const label = async (number: number): Promise<void> => {
    await delay(start + number * PACE_MS - performance.now())
    await post(config.github.apiUrl, token, `/issues/${number}/labels`, { labels: [LABEL] })
  }
  await Promise.all(Array.from({ length: WARM_UP + MEASURED }, (_, index) => label(index + 1)))
}

async function post(apiUrl: string, token: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${apiUrl}/repos/${REPOSITORY}${path}`, {
    method: 'POST',
    headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`)
}

async function untilAllAreHeld(agent: QuickAgent): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (agent.held.size < WARM_UP + MEASURED) {
    if (agent.problems.length > 0) throw new Error(`the agent met a problem: ${agent.problems.join('; ')}`)
    if (performance.now() > deadline)
      throw new Error(`only ${agent.held.size} of ${WARM_UP + MEASURED} tasks were handed over`)
    await delay(20)
  }
}

async function collect(
  github: Remote<GitHubApi>,
  server: Remote<ServerApi>,
  agent: QuickAgent,
): Promise<Handover[]> {
  const [deliveries, arrivals, sent, git] = await Promise.all([
    github.labelDeliveries(),
    server.arrivals(),
    server.sent(),
    github.gitRequests(),
  ])
  const labels = deliveries.filter(({ label }) => label === LABEL).sort((a, b) => a.issue - b.issue)
  return labels.map(({ guid, issue, queuedAt }) => {
    const arrived = arrivals.get(guid)
    const held = agent.held.get(issue)
    if (arrived === undefined || held === undefined) throw new Error(`issue ${issue} left no trace`)
    const within = ({ start }: Span): boolean => start >= arrived && start <= held
    const calls = [...sent.filter((call) => concerns(call, issue)), ...git].filter(within)
    return { labelled: queuedAt, arrived, held, calls }
  })
}

/**
 * True for calls that a hand-over may wait for: questions about its own issue and about the repository. Another
 * issue's are not its own, and what is written shows people the task but does not hold it back.
 */
function concerns({ method, path }: { method: string; path: string }, issue: number): boolean {
  const about = /\/issues\/(\d+)(\/|\?|$)/.exec(path)?.[1]
  if (about !== undefined) return method === 'GET' && Number(about) === issue
  return method === 'GET' || path.endsWith('/access_tokens')
}
