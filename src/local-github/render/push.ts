import type { LocalGitHubContext } from '../context.ts'
import type { CommitInfo, Person } from '../git/host.ts'
import type { Repository } from '../store/repository.ts'
import { personOf, type User } from '../store/user.ts'
import type { Json } from '../webhooks/event.ts'
import { accountOf } from './commit.ts'
import { renderRepository, repositoryUrl } from './repository.ts'

const noObject = '0'.repeat(40)
/** GitHub lists at most 2,048 commits in a push event. */
const maxCommits = 2_048

interface PushedCommits {
  commits: CommitInfo[]
  forced: boolean
}

async function pushedCommits(
  context: LocalGitHubContext,
  fullName: string,
  defaultBranch: string,
  update: { ref: string; before: string; after: string },
): Promise<PushedCommits> {
  if (update.after === noObject) return { commits: [], forced: false }
  if (update.before !== noObject) {
    const comparison = await context.git.compare(fullName, update.before, update.after)
    return { commits: comparison.commits.slice(-maxCommits), forced: comparison.behind > 0 }
  }
  const base = await context.git.branch(fullName, defaultBranch)
  if (base !== null && base !== update.after)
    return { commits: (await context.git.compare(fullName, base, update.after)).commits, forced: false }
  const isDefault = update.ref === `refs/heads/${defaultBranch}`
  const commits = isDefault ? await context.git.log(fullName, update.after, maxCommits) : []
  return { commits: commits.toReversed(), forced: false }
}

function renderPerson(context: LocalGitHubContext, person: Person): Json {
  const account = accountOf(context, person)
  return { name: person.name, email: person.email, ...(account && { username: account.login }) }
}

async function renderPushedCommit(
  context: LocalGitHubContext,
  repository: Repository,
  sha: string,
): Promise<Json | null> {
  const commit = await context.git.commit(context.store.repositories.fullName(repository), sha)
  if (!commit) return null
  const paths = (...statuses: string[]) =>
    commit.files.filter((file) => statuses.includes(file.status)).map((file) => file.path)
  const left = commit.files.flatMap((file) => (file.status === 'renamed' ? (file.previousPath ?? []) : []))
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${repositoryUrl(context, repository)}/commit/${commit.sha}`,
    author: renderPerson(context, commit.author),
    committer: renderPerson(context, commit.committer),
    added: paths('added', 'renamed', 'copied'),
    removed: [...paths('removed'), ...left],
    modified: paths('modified', 'changed'),
  }
}

function renderPushedRepository(context: LocalGitHubContext, repository: Repository): Json {
  const owner = context.store.users.require(repository.ownerId)
  const rendered = renderRepository(context, repository)
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000)
  return {
    ...rendered,
    owner: { ...(rendered.owner as Json), name: owner.login, email: null },
    url: repositoryUrl(context, repository),
    created_at: seconds(repository.createdAt),
    pushed_at: seconds(repository.pushedAt),
    stargazers: 0,
    master_branch: repository.defaultBranch,
  }
}

/** The `push` event of one ref, and the messages of the commits that are new with it. */
export async function renderPush(
  context: LocalGitHubContext,
  repository: Repository,
  pusher: User,
  update: { ref: string; before: string; after: string },
): Promise<{ payload: Json; messages: string[] }> {
  const fullName = context.store.repositories.fullName(repository)
  const { commits, forced } = await pushedCommits(context, fullName, repository.defaultBranch, update)
  const rendered: Json[] = []
  for (const commit of commits) {
    const entry = await renderPushedCommit(context, repository, commit.sha)
    if (entry) rendered.push(entry)
  }
  const head = update.after === noObject ? null : await renderPushedCommit(context, repository, update.after)
  const short = (sha: string) => sha.slice(0, 12)
  const payload = {
    ref: update.ref,
    before: update.before,
    after: update.after,
    repository: renderPushedRepository(context, repository),
    pusher: personOf(pusher),
    created: update.before === noObject,
    deleted: update.after === noObject,
    forced,
    base_ref: null,
    compare: `${repositoryUrl(context, repository)}/compare/${short(update.before)}...${short(update.after)}`,
    commits: rendered,
    head_commit: head,
  }
  return { payload, messages: commits.map((commit) => commit.message) }
}
