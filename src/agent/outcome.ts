import { withoutInvisible } from '../domain/visible-text.ts'
import type { SessionMode } from '../protocol/assignment.ts'
import type { DriverReport } from '../protocol/driver-report.ts'
import type { CompletionReport } from '../protocol/report.ts'
import type { HaltReason } from './halt.ts'
import type { PushResult } from './publish.ts'

/** Which part of the work failed, in one sentence, with the end of what the program printed. */
export type Failure = { reason: string; output: string }

/** All that is known when the work of a session has ended. */
export type WorkFacts = {
  mode: SessionMode
  /** What cut the work short; null when it ended by itself. */
  interrupted: HaltReason | null
  /** Set-up, program, usage file or verification. */
  failure: Failure | null
  report: DriverReport
  /** Commits over the base, and those that this session made. */
  commits: number
  newCommits: number
  /** Null when there was nothing to push. */
  push: PushResult | null
  notes: readonly string[]
  limits: { wallClockSeconds: number; tokenBudget: number | null }
}

export type Outcome = Omit<CompletionReport, 'usage'>

const LONGEST_OUTPUT = 8_000

/** Decides what is reported as the end of a session. Pure; texts are not redacted yet. */
export function decideOutcome(facts: WorkFacts): Outcome {
  const { report, push } = facts
  const title = report.title ?? null
  if (facts.interrupted !== null) return interruptedOutcome(facts, facts.interrupted)
  // A question or a spent credit is worth telling even when the program then ended with an error.
  const question = withoutInvisible(report.question ?? '').trim()
  if (report.outcome === 'needs_clarification' && question !== '') {
    const summary = paragraphs(report.summary ?? 'The agent asks a question.', saved(facts), ...facts.notes)
    return { outcome: 'needs_clarification', title, summary, question }
  }
  if (report.outcome === 'out_of_credit') {
    const summary = paragraphs(
      report.summary ?? 'The credit of the agent is spent.',
      saved(facts),
      ...facts.notes,
    )
    return { outcome: 'out_of_credit', title, summary, resetsAt: report.resetsAt ?? null }
  }
  if (facts.failure !== null) return failed(facts.failure.reason, facts, facts.failure.output)
  if (report.outcome === 'needs_clarification')
    return failed('the program asks for clarification without a question', facts)
  if (push?.ok === false) return failed(`the push was refused: ${push.message}`, { ...facts, push: null })
  if (report.outcome === 'failed') return failed(report.summary ?? 'the program reported a failure', facts)
  if (report.outcome === 'result') {
    if (!report.summary) return failed('the program reported a result without a summary', facts)
    return { outcome: 'result', title, summary: paragraphs(report.summary, ...facts.notes) }
  }
  if (!hasWork(facts.mode, facts)) {
    return { ...failed('the program succeeded but there are no commits', facts), failure: 'empty' }
  }
  return { outcome: 'pull_request', title, summary: paragraphs(report.summary ?? '', ...facts.notes) }
}

/**
 * True when there is something to review. A revision that changes nothing leaves the review where it was; a resumed
 * branch may already hold all there is.
 */
export function hasWork(mode: SessionMode, counts: Pick<WorkFacts, 'commits' | 'newCommits'>): boolean {
  return (mode === 'revise' ? counts.newCommits : counts.commits) > 0
}

function interruptedOutcome(facts: WorkFacts, reason: HaltReason): Outcome {
  const { wallClockSeconds, tokenBudget } = facts.limits
  if (reason === 'wall_clock') {
    return { ...failed(`the wall clock of ${wallClockSeconds} s ran out`, facts), failure: 'timeout' }
  }
  if (reason === 'budget') {
    return {
      ...failed(`the token budget of ${tokenBudget} tokens is spent (budget)`, facts),
      failure: 'budget',
    }
  }
  const why =
    reason === 'shutdown' ? 'The runner is stopping.' : `The work was stopped on request (${reason}).`
  return { outcome: 'stopped', summary: paragraphs(why, saved(facts), ...facts.notes) }
}

function failed(reason: string, facts: WorkFacts, output = ''): Outcome {
  const tail = output.trim() === '' ? '' : `The end of its output:\n\n${output.trim().slice(-LONGEST_OUTPUT)}`
  return { outcome: 'failed', summary: paragraphs(sentence(reason), saved(facts), ...facts.notes, tail) }
}

/** What became of the work of a session that did not end well. */
function saved({ push, newCommits }: WorkFacts): string {
  if (push === null) return ''
  if (push.ok) return `${newCommits} ${newCommits === 1 ? 'commit was' : 'commits were'} pushed.`
  return `What there was could not be pushed: ${push.message}`
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

function paragraphs(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('\n\n')
}
