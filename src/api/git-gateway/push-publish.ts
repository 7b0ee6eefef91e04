import type { Mirror, Mirrors } from '../../git/mirror.ts'
import type { PublishResult } from '../../git/publish.ts'
import type { Quarantine } from '../../git/quarantine.ts'
import { type Remote, RemoteError } from '../../git/remote.ts'
import { crashPoint } from '../../runtime/crash-points.ts'
import type { PushAnswer } from './answer.ts'
import type {
  BeginPublish,
  GatewayLimits,
  GatewayLogger,
  GatewaySession,
  GitGatewayPort,
  PublishOutcome,
} from './port.ts'

/** A push that passed all checks. */
export interface CheckedPush {
  port: GitGatewayPort
  mirrors: Mirrors
  logger: GatewayLogger
  limits: GatewayLimits
  mirror: Mirror
  quarantine: Quarantine
  session: GatewaySession
  tip: string | null
  newSha: string
  defaultSha: string | null
  commits: number
}

type Begun = Extract<BeginPublish, { ok: true }>

/** A stored bundle may be larger than the pushed pack: it holds all commits since the default branch. */
const BUNDLE_FACTOR = 2

/** Writes the intent, publishes or holds the commits, and records what became of it. */
export async function publishPush(push: CheckedPush): Promise<PushAnswer> {
  const { port, session, tip, newSha, commits } = push
  const begun = await port.beginPublish(session, { branch: session.branch, oldSha: tip, newSha, commits })
  if (!begun.ok) return { ok: false, reason: 'not allowed', sentences: [begun.sentence] }
  return begun.hold === true ? hold(push, begun) : send(push, begun)
}

async function hold(push: CheckedPush, begun: Begun): Promise<PushAnswer> {
  const { quarantine, session, newSha, defaultSha } = push
  let bundle: Buffer
  try {
    bundle = await quarantine.hold(
      session.branch,
      newSha,
      defaultSha,
      session.policy.maxBytes * BUNDLE_FACTOR,
    )
    crashPoint('after', 'push: hold')
  } catch (error) {
    await finish(push, begun.intentId, { outcome: 'failed', message: 'the commits could not be kept' })
    throw error
  }
  // Without the stored bundle nothing is held, so a failure here is a failure of the push.
  await push.port.finishPublish(begun.intentId, { outcome: 'held', newSha, bundle })
  return {
    ok: true,
    sentences: ['received; a maintainer has to approve it before it appears on GitHub (/approve)'],
  }
}

async function send(push: CheckedPush, begun: Exclude<Begun, { hold: true }>): Promise<PushAnswer> {
  const { mirror, quarantine, session, tip, newSha, limits, logger } = push
  const { branch } = session
  // What was held before is not on GitHub: `tip` is not what must be found there.
  const onGitHub = session.held ? await mirror.resolve(`refs/heads/${branch}`) : tip
  const result = await mirror.publish({
    remote: begun.remote,
    branch,
    expectedOld: onGitHub,
    newSha,
    env: quarantine.env,
    timeoutMs: limits.publishMs,
    notAfter: begun.until,
  })
  if (result.ok) {
    // GitHub has it. Should the mirror fail to take it over, the next fetch brings it.
    await takeOver(push, begun.remote).catch((error: unknown) => {
      logger.error(
        { err: error, sessionId: session.sessionId },
        'a published push could not be moved into the mirror',
      )
    })
    crashPoint('after', 'push: mirror')
    await finish(push, begun.intentId, { outcome: 'published', newSha })
    return { ok: true }
  }
  const sentence = failureSentence(result, session)
  logger.warn(
    { sessionId: session.sessionId, reason: result.reason, message: result.message },
    'publishing failed',
  )
  await finish(push, begun.intentId, {
    outcome: result.settled ? 'failed' : 'uncertain',
    newSha,
    message: `${result.reason}: ${result.message}`,
  })
  if (result.reason === 'moved') await refreshQuietly(push)
  return {
    ok: false,
    reason: result.reason === 'moved' ? 'fetch first' : 'not published',
    sentences: [sentence],
  }
}

async function takeOver(
  { mirror, quarantine, session, tip, newSha }: CheckedPush,
  remote: Remote,
): Promise<void> {
  if (!session.held) {
    await quarantine.accept(session.branch, tip, newSha)
    return
  }
  // The quarantine lacks the commits that were held before.
  await mirror.fetch(remote)
  await mirror.held.drop(session.branch)
}

/** What is done on GitHub stays done: when it cannot be recorded, the open intent is settled by the reconciler. */
async function finish(push: CheckedPush, intentId: number, outcome: PublishOutcome): Promise<void> {
  try {
    await push.port.finishPublish(intentId, outcome)
  } catch (error) {
    push.logger.error(
      { err: error, intentId, outcome: outcome.outcome },
      'the outcome of a push was not recorded',
    )
  }
}

/** The client is told to fetch; what it then finds must include what was in the way. */
async function refreshQuietly({ port, session, logger }: CheckedPush): Promise<void> {
  try {
    // the events about what was in the way may still be on their way
    await port.refresh(session, true)
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    logger.warn(
      { sessionId: session.sessionId, reason: error.reason },
      'the mirror could not be brought up to date',
    )
  }
}

function failureSentence(result: Exclude<PublishResult, { ok: true }>, session: GatewaySession): string {
  const { branch, defaultBranch } = session
  switch (result.reason) {
    case 'moved':
      return `${branch} has newer commits on GitHub: fetch, merge them and push again`
    case 'workflow':
      return `GitHub refused it because of workflow files: merge ${defaultBranch} into your branch and push again`
    case 'protected':
      return `GitHub refused it by a rule of the repository: ${result.message}`
    case 'not_found':
      return 'the repository cannot be found on GitHub any more; nothing was published'
    case 'unauthorized':
      return 'GitHub does not let Mission Control write to the repository; nothing was published'
    case 'unreachable':
    case 'other':
      return result.settled
        ? `GitHub did not take it (${result.message}); push again in a minute`
        : 'GitHub did not answer, so it is not known whether it was published: push again in a minute'
    default:
      return result.reason satisfies never
  }
}
