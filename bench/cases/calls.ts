import type { RequestRecord } from '../../src/local-github/requests.ts'
import { type Case, defineCase } from '../case.ts'
import type { Measured } from '../report.ts'
import { type CallsStage, setCallsStage } from '../stage/calls-stage.ts'

/** Of GitHub, for one installation. https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const LIMITS = { requestsPerHour: 5_000, contentPerHour: 500 } as const

const WARM = 'usual'

/** What can happen between the label and the merge. Each plays one task, to its end. */
const VARIANTS = {
  first: { about: 'first task of a repository', play: usual },
  usual: { about: 'any later task', play: usual },
  clarification: { about: 'task whose agent asks once', play: clarification },
  approval: { about: 'task whose commits wait for an approval', play: approval },
  retried: { about: 'task whose first attempt fails', play: retried },
} as const
type Variant = keyof typeof VARIANTS

const row = (name: string, about: string, goal: 'at most 14' | 'at most 4' | null = null) =>
  ({ name, about, unit: 'calls', goal }) as const

/** What is asked of GitHub for one task, from the label to the merge, the minting of tokens aside. */
export const calls: Case = defineCase({
  name: 'calls',
  rows: [
    row('calls', 'GitHub calls for one task from label to merge: the first of a repository', 'at most 14'),
    row('calls-content', 'of these, calls that create content', 'at most 4'),
    row('calls-usual', 'any later task', 'at most 14'),
    row('calls-usual-content', 'of these, calls that create content', 'at most 4'),
    row('calls-clarification', 'task whose agent asks once'),
    row('calls-clarification-content', 'of these, calls that create content'),
    row('calls-approval', 'task whose commits wait for an approval'),
    row('calls-approval-content', 'of these, calls that create content'),
    row('calls-retried', 'task whose first attempt fails'),
    row('calls-retried-content', 'of these, calls that create content'),
    {
      name: 'calls-tasks-per-hour',
      about: `usual tasks that ${LIMITS.requestsPerHour} requests and ${LIMITS.contentPerHour} of content an hour allow`,
      unit: 'tasks/h',
      goal: null,
    },
  ],
  async run({ stack, say }) {
    say('starting PostgreSQL, a local GitHub, the server and a runner')
    const stage = await setCallsStage(stack)
    await stage.startRunner('ada', true)
    await stage.calls() // what an installation costs is not a task's
    const counted = {} as Record<Variant, Counted>
    for (const [name, { about, play }] of Object.entries(VARIANTS)) {
      await play(stage)
      const one = count(await stage.calls())
      counted[name as Variant] = one
      say(`${about}: ${one.all} calls, ${one.content} create content\n${operationsText(one)}`)
    }
    const of = (name: Variant): [Measured, Measured] => [
      { value: counted[name].all },
      { value: counted[name].content },
    ]
    const [first, usually] = [of('first'), of(WARM)]
    const [asked, approved, failed] = [of('clarification'), of('approval'), of('retried')]
    return {
      calls: first[0],
      'calls-content': first[1],
      'calls-usual': usually[0],
      'calls-usual-content': usually[1],
      'calls-clarification': asked[0],
      'calls-clarification-content': asked[1],
      'calls-approval': approved[0],
      'calls-approval-content': approved[1],
      'calls-retried': failed[0],
      'calls-retried-content': failed[1],
      'calls-tasks-per-hour': { value: tasksPerHour(counted[WARM]) },
    }
  },
})

interface Counted {
  all: number
  content: number
  operations: Map<string, number>
}

function count(records: readonly RequestRecord[]): Counted {
  const operations = new Map<string, number>()
  for (const { operationId, method, path, contentCreating } of records) {
    const name = `${operationId ?? `${method} ${path}`}${contentCreating ? ' (content)' : ''}`
    operations.set(name, (operations.get(name) ?? 0) + 1)
  }
  const content = records.filter(({ contentCreating }) => contentCreating).length
  return { all: records.length, content, operations }
}

function operationsText({ operations }: Counted): string {
  const sorted = [...operations].sort(([a, timesA], [b, timesB]) => timesB - timesA || a.localeCompare(b))
  return sorted.map(([name, times]) => `  ${String(times).padStart(3)}  ${name}`).join('\n')
}

function tasksPerHour({ all, content }: Counted): number {
  return Math.floor(Math.min(LIMITS.requestsPerHour / all, LIMITS.contentPerHour / content))
}

async function usual(stage: CallsStage): Promise<void> {
  await mergeAndEnd(stage, await stage.request('the answer is wrong'))
}

async function clarification(stage: CallsStage): Promise<void> {
  const number = await stage.request('ask for the answer')
  await stage.reach(number, 'waits for an answer', ({ pauseReason }) => pauseReason === 'clarification')
  await stage.call('POST', `/issues/${number}/comments`, { body: 'It is 42.' })
  await mergeAndEnd(stage, number)
}

async function approval(stage: CallsStage): Promise<void> {
  await stage.startRunner('guest', false)
  await stage.calls() // what a new agent costs is not a task's
  const number = await stage.request('the answer of a guest', ['agent: guest'])
  await stage.reach(
    number,
    'waits for an approval',
    ({ status, needsHuman }) => status === 'review' && needsHuman,
  )
  await stage.call('POST', `/issues/${number}/comments`, { body: '/approve' })
  await mergeAndEnd(stage, number)
}

async function retried(stage: CallsStage): Promise<void> {
  const number = await stage.request('fail at first', ['agent: ada'])
  const task = await mergeAndEnd(stage, number)
  if (task.attempts === 0) throw new Error('the first attempt did not fail')
}

/** Waits for the pull request, merges it, and waits until the task is done. */
async function mergeAndEnd(stage: CallsStage, number: number) {
  const inReview = await stage.reach(
    number,
    'is in review',
    ({ status, pullRequestNumber }) => status === 'review' && pullRequestNumber !== null,
  )
  await stage.call('PUT', `/pulls/${inReview.pullRequestNumber}/merge`, { merge_method: 'squash' })
  return stage.reach(number, 'is done', ({ status }) => status === 'done')
}
