import type { Gate } from '../domain/gates.ts'
import type { PauseReason } from '../domain/task.ts'
import { code, formatTime, inline } from './markdown.ts'
import type { StatusView } from './status-view.ts'

/** What happens next or what the task waits for: Markdown sentences, the most important first, never empty. */
export function nextSteps(view: StatusView): string[] {
  const { task } = view
  if (task.frozen) return ['It goes on when the issue, the repository and the app are back.']
  switch (task.status) {
    case 'backlog':
      return [`Add the label ${code(view.triggerLabel)} or comment \`/process\` to have an agent do this.`]
    case 'ready':
      return waiting(view)
    case 'processing':
      return atWork(view)
    case 'paused':
      return pauses[task.pauseReason ?? 'person'](view)
    case 'review':
      return [review(view)]
    case 'done':
      return ['Nothing: the task is done. Reopen the issue if it is not.']
    case 'cancelled':
      return [
        `Nothing. The label ${code(view.triggerLabel)} or \`/process\` revives it while the issue is open.`,
      ]
    default:
      return task.status satisfies never
  }
}

/** What the gates say, as sentences for people. */
export function closedGates(gates: readonly Gate[]): string[] {
  // The reasons are ours but carry names of agents and labels; the commands in them stay code.
  return gates.filter((gate) => gate.holds).map((gate) => gateSentence(gate.reason))
}

function gateSentence(reason: string): string {
  return reason
    .split(/(`\/[a-z]+`)/)
    .map((part) => (/^`\/[a-z]+`$/.test(part) ? part : spaced(part)))
    .join('')
}

/** `inline` trims, which would glue the parts of a sentence together. */
function spaced(part: string): string {
  const [, before = '', text = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(part) ?? []
  return `${before && ' '}${inline(text, 500)}${after && ' '}`
}

function waiting(view: StatusView): string[] {
  const reasons = closedGates(view.gates)
  if (reasons.length > 0) return reasons
  return view.task.requested
    ? ['An agent is picked next.']
    : ['The next idle agent that can do it takes it; `/process` starts it now.']
}

function atWork(view: StatusView): string[] {
  const end = view.pullRequest === null ? 'opens a pull request' : 'pushes to the pull request'
  const steps = [
    `The agent works on its own branch and ${end} when it is finished. \`/pause\` and \`/cancel\` stop it.`,
  ]
  if (view.contextIsOlder)
    steps.push('The issue was edited after this session started: its context is older.')
  return steps
}

const pauses: Record<PauseReason, (view: StatusView) => string[]> = {
  person: () => ['`/resume` lets it go on.'],
  clarification: () => [
    "A comment by the issue's author or a maintainer that answers the question lets it go on by itself.",
  ],
  credits: ({ task }) => [
    task.wakeAt === null
      ? 'It goes on by itself when a provider budget is free again.'
      : `It goes on by itself at ${formatTime(task.wakeAt)}, maybe with another agent.`,
  ],
  failed: () => ['A person has to look: see the receipts below. `/retry` tries again, `/cancel` gives up.'],
  needs_human: () => ['A person has to look. `/resume` lets it go on, `/cancel` gives up.'],
}

function review(view: StatusView): string {
  if (view.held) return 'A maintainer decides: `/approve` publishes the branch and opens the pull request.'
  if (view.pullRequest !== null) return 'A person reviews and merges the pull request.'
  return 'A person looks at the result and closes the issue, or asks for more.'
}
