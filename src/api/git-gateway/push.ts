import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkCommands } from '../../domain/push-policy.ts'
import type { Mirror, Mirrors } from '../../git/mirror.ts'
import { FLUSH, pktLine } from '../../git/pkt-line.ts'
import type { Quarantine, ReceiveResult } from '../../git/quarantine.ts'
import { type ReceiveHeader, ReceiveHeaderParser, type RefCommand } from '../../git/receive-header.ts'
import { crashPoint } from '../../runtime/crash-points.ts'
import { NO_CACHE, type PushAnswer, pushReply, startResult } from './answer.ts'
import { BodyError, readBody } from './body.ts'
import { branchTip } from './branch-state.ts'
import type {
  GatewayLimits,
  GatewayLogger,
  GatewaySession,
  GitGatewayPort,
  PushRefusalRecord,
} from './port.ts'
import { kindOf, refusalOf } from './push-checks.ts'
import { publishPush } from './push-publish.ts'

/** All that the handling of one push needs. */
export interface PushContext {
  port: GitGatewayPort
  mirrors: Mirrors
  logger: GatewayLogger
  limits: GatewayLimits
  /** Waits until no other push to the key's branch is being decided on. */
  turn: (key: string, waitMs: number) => Promise<(() => void) | null>
  token: string
  owner: string
  repo: string
  session: GatewaySession
}

const CAPABILITIES =
  'report-status delete-refs quiet atomic ofs-delta side-band-64k object-format=sha1 agent=mission-control'
const ZERO = '0'.repeat(40)

const LEASE_ENDED =
  'this session has ended: its lease was lost or it was stopped. Nothing was pushed; stop working on this task'

/** Answers what a push begins with: the branches, and what the gateway understands. */
export async function advertisePush(context: PushContext, res: ServerResponse): Promise<void> {
  const { port, mirrors, session } = context
  const mirror = mirrors.mirror(session.projectId)
  const branches = await mirror.branches()
  const tip = await branchTip(port, mirror, session)
  if (tip !== null) branches.set(session.branch, tip)
  const refs = [...branches].map(([name, sha]) => `${sha} refs/heads/${name}`)
  const [first = `${ZERO} capabilities^{}`, ...others] = refs
  const lines = [`${first}\0${CAPABILITIES}\n`, ...others.map((ref) => `${ref}\n`)].map((line) =>
    pktLine(line),
  )
  res.writeHead(200, { ...NO_CACHE, 'content-type': 'application/x-git-receive-pack-advertisement' })
  res.end(Buffer.concat([pktLine('# service=git-receive-pack\n'), FLUSH, ...lines, FLUSH]))
}

/** Receives one push: reads all of it, checks it in quarantine, publishes it, and reports. */
export async function receivePush(
  context: PushContext,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const body = readBody(req, context.limits.swallowBytes)
  const { header, pack } = await readHead(body)
  const [command] = header.commands
  if (command === undefined) {
    // git's probe before a large push.
    await drain(pack)
    startResult(res, 'git-receive-pack')
    res.end()
    return
  }
  const reply = pushReply(res, header)
  const early = checkHeader(context.session, header)
  if (early !== null) {
    await drain(pack)
    await context.port.recordRefusal(context.session, early)
    reply.end(refused(early))
    return
  }
  // The pack was read: from now on silence is ours, not the client's.
  const onRead = () => {
    req.socket.setTimeout(0)
    reply.begin()
  }
  try {
    const answer = await quarantined(context, command, pack, res, onRead)
    crashPoint('before', 'push: report')
    reply.end(answer)
    crashPoint('after', 'push: report')
  } catch (error) {
    if (!res.headersSent || res.destroyed) throw error
    context.logger.error(
      { err: error, sessionId: context.session.sessionId },
      'a push could not be decided on',
    )
    reply.end(
      refused({ code: 'internal_error', sentence: 'something went wrong here: push again in a minute' }),
    )
  }
}

/**
 * Refuses a push whose session ended after git had asked for the branches. In git's own words and after reading the
 * pack: on a 401 here, git prints "Everything up-to-date".
 */
export async function refusePush(req: IncomingMessage, res: ServerResponse, maxBytes: number): Promise<void> {
  const { header, pack } = await readHead(readBody(req, maxBytes))
  await drain(pack)
  pushReply(res, header).end(refused({ code: 'session_ended', sentence: LEASE_ENDED }))
}

async function readHead(
  body: AsyncGenerator<Buffer>,
): Promise<{ header: ReceiveHeader; pack: AsyncIterable<Buffer> }> {
  const parser = new ReceiveHeaderParser()
  for (;;) {
    const next = await body.next()
    if (next.done) throw new BodyError(400, 'Refused: the list of refs is cut off.')
    const parsed = parser.push(next.value)
    if (parsed !== null) return { header: parsed.header, pack: continued(parsed.rest, body) }
  }
}

async function* continued(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first
  yield* rest
}

async function drain(body: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of body);
}

function checkHeader(session: GatewaySession, header: ReceiveHeader): PushRefusalRecord | null {
  const commands = header.commands.map((command) => ({
    ref: command.ref,
    kind: kindOf(command),
    // Not known before the pack was read; checked again with it.
    fastForward: true,
  }))
  const decision = checkCommands({ branch: session.branch, commands })
  if (decision.ok) return null
  const { code, sentence, needsHuman } = decision
  return { code, sentence, needsHuman }
}

function refused(refusal: Pick<PushRefusalRecord, 'code' | 'sentence'>): PushAnswer {
  return { ok: false, reason: refusal.code.replaceAll('_', ' '), sentences: [refusal.sentence] }
}

async function quarantined(
  context: PushContext,
  command: RefCommand,
  pack: AsyncIterable<Buffer>,
  res: ServerResponse,
  onRead: () => void,
): Promise<PushAnswer> {
  const { port, mirrors, session, turn, limits } = context
  const mirror = mirrors.mirror(session.projectId)
  await branchTip(port, mirror, session)
  const quarantine = await mirror.quarantine(session.held ? session.branch : null)
  try {
    const received = await quarantine.receive(pack, {
      maxBytes: session.policy.maxBytes,
      maxUnpackedBytes: session.policy.maxBytes * limits.unpackFactor,
      maxObjectBytes: limits.fileBytes,
      timeoutMs: limits.requestMs,
    })
    crashPoint('after', 'push: read')
    onRead()
    const leave = await turn(`${session.projectId} ${session.branch}`, limits.queueMs)
    if (leave === null) {
      return refused({
        code: 'busy',
        sentence: 'another push to this branch is under way: push again when it is done',
      })
    }
    try {
      return await decide({ ...context, mirror, quarantine, command }, received, res)
    } finally {
      leave()
    }
  } finally {
    await quarantine.discard()
  }
}

interface Decision extends PushContext {
  mirror: Mirror
  quarantine: Quarantine
  command: RefCommand
}

/** Everything that follows the upload. The lease may have ended while it ran, so the session is asked for again. */
async function decide(push: Decision, received: ReceiveResult, res: ServerResponse): Promise<PushAnswer> {
  const { port, mirror, quarantine, command, owner, repo } = push
  const session = await port.authorize(push.token, owner, repo)
  if (session === null || session.branch !== push.session.branch) {
    return refused({ code: 'session_ended', sentence: LEASE_ENDED })
  }
  const refuse = async (refusal: PushRefusalRecord) => {
    await port.recordRefusal(session, refusal)
    push.logger.info({ sessionId: session.sessionId, code: refusal.code }, 'push refused')
    return refused(refusal)
  }
  const broken = received.ok ? null : brokenPack(received, session)
  if (broken !== null) return refuse(broken)
  const tip = await branchTip(port, mirror, session)
  const newSha = command.newSha ?? ZERO
  if (tip === newSha) return { ok: true }
  if (tip !== command.oldSha) {
    return refused({
      code: 'fetch_first',
      sentence: `${session.branch} has moved: fetch, merge and push again`,
    })
  }
  if (!(await quarantine.isComplete(newSha))) {
    return refuse({
      code: 'incomplete',
      sentence:
        'the push misses objects that its commits need: fetch (with more depth if the clone is shallow) and push again',
      needsHuman: false,
    })
  }
  const defaultSha = await mirror.resolve(`refs/heads/${session.defaultBranch}`)
  const inspection = await quarantine.inspect({ newSha, publishedSha: tip, defaultSha })
  const repository = `${owner}/${repo}`
  const refusal = refusalOf({ session, repository, command, bytes: received.bytes, inspection })
  if (refusal !== null) return refuse(refusal)
  // Whoever hung up by now does not want it published.
  if (res.destroyed) return refused({ code: 'cancelled', sentence: 'the client went away' })
  crashPoint('after', 'push: checks')
  return publishPush({ ...push, session, tip, newSha, defaultSha, commits: inspection.commits.length })
}

function brokenPack(
  received: Exclude<ReceiveResult, { ok: true }>,
  session: GatewaySession,
): PushRefusalRecord {
  const { code, detail } = received
  const sentences = {
    too_large: `the push is larger than ${session.policy.maxBytes / 1_000_000} MB`,
    unpacks_too_large: `the push is too large: ${detail}`,
    malformed: `the pushed objects cannot be accepted: ${detail.replace(/^(fatal|error): /, '')}`,
  }
  return { code: code === 'malformed' ? code : 'too_large', sentence: sentences[code], needsHuman: false }
}
