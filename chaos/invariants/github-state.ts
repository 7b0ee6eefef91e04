import { z } from 'zod'
import { endingOf, type TaskState } from './ending.ts'
import { nameOf, type Subject } from './subject.ts'
import type { Violation } from './violation.ts'

const PAGE = 100
const STATUS_MARKER = '<!-- mission-control:status task='

const Issue = z.object({
  number: z.int(),
  labels: z.array(z.object({ name: z.string() })),
  pull_request: z.object({}).loose().optional(),
})
const Pull = z.object({ number: z.int(), body: z.string().nullable(), head: z.object({ ref: z.string() }) })
const Comment = z.object({ body: z.string(), issue_url: z.string() })

/** A repository as everybody sees it at GitHub. */
export interface RepositoryState {
  labels: ReadonlyMap<number, readonly string[]>
  pulls: readonly { number: number; branch: string; closes: number | null }[]
  /** How many status comments each issue has. */
  statusComments: ReadonlyMap<number, number>
}

export async function repositoryState(
  { read }: Subject['github'],
  repository: string,
): Promise<RepositoryState> {
  const list = async <Item>(path: string, item: z.ZodType<Item>): Promise<Item[]> => {
    const all: Item[] = []
    for (let page = 1; ; page += 1) {
      const separator = path.includes('?') ? '&' : '?'
      const url = `/repos/${repository}${path}${separator}per_page=${PAGE}&page=${page}`
      const items = z.array(item).parse(await read(url))
      all.push(...items)
      if (items.length < PAGE) return all
    }
  }
  const issues = await list('/issues?state=all', Issue)
  const pulls = await list('/pulls?state=all', Pull)
  const comments = await list('/issues/comments', Comment)
  const statusComments = new Map<number, number>()
  for (const { body, issue_url: url } of comments) {
    if (!body.startsWith(STATUS_MARKER)) continue
    const number = Number(url.slice(url.lastIndexOf('/') + 1))
    statusComments.set(number, (statusComments.get(number) ?? 0) + 1)
  }
  return {
    labels: new Map(issues.map(({ number, labels }) => [number, labels.map(({ name }) => name)])),
    pulls: pulls.map(({ number, body, head }) => {
      const closes = /\bcloses #(\d+)/i.exec(body ?? '')?.[1]
      return { number, branch: head.ref, closes: closes === undefined ? null : Number(closes) }
    }),
    statusComments,
  }
}

/** What GitHub shows of a task that has ended is what the task is. */
export function checkTask(task: TaskState, github: RepositoryState): Violation[] {
  const subject = nameOf(task.repository, task.number)
  const violations: Violation[] = []
  const broken = (invariant: Violation['invariant'], detail: string): void => {
    violations.push({ invariant, subject, detail, taskId: task.id })
  }
  const comments = github.statusComments.get(task.number) ?? 0
  if (comments !== 1) broken('one-status-comment', `${comments} status comments`)
  const own = github.pulls.filter((pull) => pull.closes === task.number || pull.branch === task.branch)
  const numbers = own.map(({ number }) => `#${number}`).join(', ') || 'none'
  const ending = endingOf(task)
  if (!ending.ended) broken('one-pull-request', ending.why)
  else if (ending.as === 'pull request') {
    if (own.length !== 1 || own[0]?.number !== task.pullRequestNumber)
      broken('one-pull-request', `its pull request is #${task.pullRequestNumber}, GitHub has ${numbers}`)
  } else if (own.length > 1) broken('one-pull-request', `it needs a person, and GitHub has ${numbers}`)
  return violations
}

/** Why the labels at GitHub are not those of a task that has ended; null when they are. */
export function wrongLabels(task: TaskState, github: RepositoryState): string | null {
  const labels = github.labels.get(task.number) ?? []
  if (labels.includes('process')) return 'the trigger label is still there'
  if (labels.includes('needs-human') !== task.needsHuman)
    return task.needsHuman ? 'the label needs-human is missing' : 'the label needs-human is still there'
  return null
}
