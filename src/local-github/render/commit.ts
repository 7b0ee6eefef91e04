import type { LocalGitHubContext } from '../context.ts'
import type { CommitInfo, FileChange, Person } from '../git/host.ts'
import type { Repository } from '../store/repository.ts'
import { nodeId } from '../store/table.ts'
import type { User } from '../store/user.ts'
import type { Json } from '../webhooks/event.ts'
import { repositoryApiUrl, repositoryUrl } from './repository.ts'
import { renderUser } from './user.ts'

const noreply = /^(\d+)\+.*@users\.noreply\.github\.com$/

/** The account behind a commit's address; only GitHub's own noreply addresses are known. */
export function accountOf(context: LocalGitHubContext, person: Person): User | undefined {
  const id = noreply.exec(person.email)?.[1]
  return id === undefined ? undefined : context.store.users.byId(Number(id))
}

/** GitHub's `commit`, without files. */
export function renderCommit(context: LocalGitHubContext, repository: Repository, commit: CommitInfo): Json {
  const api = repositoryApiUrl(context, repository)
  const page = repositoryUrl(context, repository)
  const [author, committer] = [accountOf(context, commit.author), accountOf(context, commit.committer)]
  return {
    sha: commit.sha,
    node_id: `${nodeId('C', repository.id)}${commit.sha}`,
    commit: {
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
      url: `${api}/git/commits/${commit.sha}`,
      comment_count: 0,
      verification: {
        verified: false,
        reason: 'unsigned',
        signature: null,
        payload: null,
        verified_at: null,
      },
    },
    url: `${api}/commits/${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    comments_url: `${api}/commits/${commit.sha}/comments`,
    author: author ? renderUser(context, author) : null,
    committer: committer ? renderUser(context, committer) : null,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${api}/commits/${sha}`,
      html_url: `${page}/commit/${sha}`,
    })),
  }
}

/** GitHub's `diff-entry`: one changed file. */
export function renderFile(
  context: LocalGitHubContext,
  repository: Repository,
  headSha: string,
  file: FileChange,
): Json {
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const page = repositoryUrl(context, repository)
  return {
    sha: file.sha,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${page}/blob/${headSha}/${path}`,
    raw_url: `${page}/raw/${headSha}/${path}`,
    contents_url: `${repositoryApiUrl(context, repository)}/contents/${path}?ref=${headSha}`,
    ...(file.patch !== null && { patch: file.patch }),
    ...(file.previousPath !== null && { previous_filename: file.previousPath }),
  }
}
