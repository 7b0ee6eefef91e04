import { decidePush } from '../../domain/push-policy.ts'
import type { ChangedPath, PushInspection } from '../../git/inspect.ts'
import type { RefCommand } from '../../git/receive-header.ts'
import type { GatewaySession, PushRefusalRecord } from './port.ts'

/** What was found in the quarantine about one push. */
export interface PushFindings {
  session: GatewaySession
  /** `owner/name` as the client addressed it. */
  repository: string
  command: RefCommand
  bytes: number
  inspection: PushInspection
}

/** The policy's answer to a push; null: it may be published. */
export function refusalOf(findings: PushFindings): PushRefusalRecord | null {
  const { session, repository, command, bytes, inspection } = findings
  const { policy } = session
  if (inspection.tooManyCommits) {
    const sentence = 'the push holds more commits than can be checked: push a smaller part of the history'
    return { code: 'too_many_commits', sentence, needsHuman: false }
  }
  const decision = decidePush({
    branch: session.branch,
    commands: [{ ref: command.ref, kind: kindOf(command), fastForward: inspection.fastForward }],
    changedPaths: inspection.changed.map(({ path }) => path),
    allow: policy.allow,
    protect: policy.protect,
    bytes,
    limits: { megabytes: policy.maxBytes / 1_000_000, files: policy.maxFiles },
    commitMessages: inspection.commits.map(({ message }) => message),
    issue: { number: session.issueNumber, repository },
    secrets: inspection.secrets,
  })
  if (!decision.ok) return withPaths(decision, inspection)
  return linkRefusal(inspection.changed, policy.protect)
}

export function kindOf(command: RefCommand): 'create' | 'update' | 'delete' {
  if (command.newSha === null) return 'delete'
  return command.oldSha === null ? 'create' : 'update'
}

function withPaths(refusal: PushRefusalRecord, inspection: PushInspection): PushRefusalRecord {
  const { code, sentence, needsHuman } = refusal
  const paths = code === 'secret' ? inspection.secrets.map(({ path }) => path) : []
  return { code, sentence, needsHuman, ...(paths.length === 0 ? {} : { paths: [...new Set(paths)] }) }
}

/** A link or submodule in the place of a protected directory stands for everything below it. */
function linkRefusal(changed: readonly ChangedPath[], protect: readonly string[]): PushRefusalRecord | null {
  const globs = ['.github/workflows/**', ...protect].map((glob) => glob.toLowerCase())
  const links = changed.filter(({ kind }) => kind === 'symlink' || kind === 'submodule')
  const found = links.find(({ path }) => globs.some((glob) => glob.startsWith(`${path.toLowerCase()}/`)))
  if (found === undefined) return null
  const sentence = `a link in the place of a protected directory is not allowed: ${found.path.replace(/\p{C}/gu, '?')}`
  return { code: 'protected_path', sentence, needsHuman: true, paths: [found.path] }
}
