import type { Assignment } from '../protocol/assignment.ts'
import type { DriverReport } from '../protocol/driver-report.ts'
import type { Usage } from '../protocol/usage.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import type { Driver, DriverEvent } from './drivers/driver.ts'
import { type Git, GitError } from './git.ts'
import type { Halt, HaltReason } from './halt.ts'
import { writeHandOver } from './hand-over.ts'
import { type Failure, hasWork, type WorkFacts } from './outcome.ts'
import { describeFailure, type ProgramPlace, runShell } from './program.ts'
import { type PushResult, pushWork } from './publish.ts'
import { credentialOf, type Workspace } from './workspace.ts'
import { commitLeftovers, countCommits, untrackedPaths } from './worktree.ts'

type WorkContext = {
  assignment: Assignment
  workspace: Workspace
  git: Git
  driver: Driver
  place: ProgramPlace
  halt: Halt
  /** Says what the session does now. */
  stage(message: string): void
  spent(usage: Usage): void
  emit(event: DriverEvent): void
}

type Ran = { failure: Failure | null; report: DriverReport; ignored: readonly string[]; saves: boolean }
type Saved = Pick<WorkFacts, 'commits' | 'newCommits' | 'push' | 'notes' | 'failure'> & {
  interrupted: HaltReason | null
}

/**
 * Set-up, program, commit of leftovers, verification, hand-over, push. What was committed is pushed also when the work
 * failed or was cut short, so that the next session goes on from it. Verification comes after the commit: what it
 * checks is what is pushed, and files that it makes are not.
 */
export async function doWork(context: WorkContext): Promise<WorkFacts> {
  const { assignment, halt } = context
  const ran = await runPrograms(context)
  const nothing = { commits: 0, newCommits: 0, push: null, notes: [], failure: ran.failure }
  const saved: Saved =
    ran.saves && halt.saves() ? await save(context, ran) : { ...nothing, interrupted: halt.reason() }
  return {
    ...saved,
    mode: assignment.session.mode,
    report: ran.report,
    limits: { wallClockSeconds: assignment.wallClockSeconds, tokenBudget: assignment.tokenBudget },
  }
}

async function runPrograms(context: WorkContext): Promise<Ran> {
  const { assignment, workspace, halt, driver, place, git } = context
  const { setup } = assignment.workspace
  const failure = setup === null ? null : await runLine(context, 'workspace.setup', setup)
  if (failure !== null || halt.reason() !== null) return { failure, report: {}, ignored: [], saves: false }
  const ignored = setup === null ? [] : await untrackedPaths(git, workspace.repo, { signal: halt.killing })
  context.stage('Working')
  const call = { directory: workspace.repo, signal: halt.killing }
  const ownGit = (await git.read(['rev-parse', '--absolute-git-dir'], call)).trim()
  crashPoint('before', 'program')
  const result = await driver.run({
    place,
    directory: workspace.directory,
    gitDirectories: [workspace.cache.directory, ownGit],
    promptFile: workspace.promptFile,
    usageFile: workspace.usageFile,
    model: assignment.model,
    halt,
    emit: context.emit,
  })
  crashPoint('after', 'program')
  if (result.usage !== null) context.spent(result.usage)
  const failed = result.failure === null ? null : { reason: result.failure, output: result.output }
  return { failure: failed, report: result.report, ignored, saves: true }
}

async function runLine(context: WorkContext, name: string, line: string): Promise<Failure | null> {
  const { place, halt } = context
  context.stage(`Running ${name}`)
  const exit = await runShell({ line, place, halt })
  const failure = describeFailure(exit)
  return failure === null ? null : { reason: `the command ${name} failed: ${failure}`, output: exit.output }
}

async function save(context: WorkContext, ran: Ran): Promise<Saved> {
  const { workspace, git, halt } = context
  const signal = { signal: halt.killing }
  const saved: Saved = {
    commits: 0,
    newCommits: 0,
    push: null,
    notes: [],
    failure: ran.failure,
    interrupted: halt.reason(),
  }
  try {
    await commitLeftovers(git, workspace, {
      subject: subjectOf(context, ran),
      ignored: ran.ignored,
      ...signal,
    })
    crashPoint('after', 'commit of leftovers')
    await count(context, saved)
    if (finished(saved, ran) && hasWork(context.assignment.session.mode, saved))
      await check(context, ran, saved)
    if (saved.newCommits > 0 && halt.saves()) saved.push = await push(context)
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    if (saved.interrupted !== null) saved.push = { ok: false, message: error.message }
    else saved.failure ??= { reason: `the work could not be saved: ${error.message}`, output: '' }
  }
  return saved
}

/** Verification and hand-over of work that its program finished. */
async function check(context: WorkContext, ran: Ran, saved: Saved): Promise<void> {
  const { assignment, workspace, git, halt } = context
  const { verify } = assignment.workspace
  if (verify !== null) saved.failure = await runLine(context, 'workspace.verify', verify)
  saved.interrupted = halt.reason()
  if (!finished(saved, ran)) return
  const { title, number } = assignment.task
  const input = { issue: number, title, summary: ran.report.summary ?? null }
  const handOver = await writeHandOver(git, workspace, assignment.project.contextFile, input, halt.killing)
  if (handOver.reason !== null) saved.notes = [...saved.notes, sentence(handOver.reason)]
  if (handOver.written) {
    crashPoint('after', 'hand-over')
    await count(context, saved)
  }
}

function finished(saved: Saved, ran: Ran): boolean {
  const good = ran.report.outcome === undefined || ran.report.outcome === 'pull_request'
  return good && saved.failure === null && saved.interrupted === null
}

async function count({ git, workspace, halt }: WorkContext, saved: Saved): Promise<void> {
  const signal = { signal: halt.killing }
  saved.commits = await countCommits(git, workspace.repo, workspace.base, signal)
  saved.newCommits = await countCommits(git, workspace.repo, workspace.start, signal)
}

function push({ assignment, workspace, git, halt, stage }: WorkContext): Promise<PushResult> {
  stage('Pushing')
  return pushWork(git, workspace, { credential: credentialOf(assignment), signal: halt.killing })
}

function subjectOf({ assignment, halt }: WorkContext, ran: Ran): string {
  const title = ran.report.title ?? assignment.task.title
  const { outcome = 'pull_request' } = ran.report
  const finished = outcome === 'pull_request' || outcome === 'result'
  const whole = finished && halt.reason() === null && ran.failure === null
  return whole ? title : `Work in progress: ${title}`
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}
