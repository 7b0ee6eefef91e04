import type { Actor } from '../auth/actor.ts'
import { hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { Repository } from '../store/repository.ts'
import { nodeId } from '../store/table.ts'
import type { Json } from '../webhooks/event.ts'
import { time } from './time.ts'
import { renderUser } from './user.ts'

/** Endpoints below a repository, as GitHub lists them in every repository. */
const endpoints: Readonly<Record<string, string>> = {
  forks_url: '/forks',
  keys_url: '/keys{/key_id}',
  collaborators_url: '/collaborators{/collaborator}',
  teams_url: '/teams',
  hooks_url: '/hooks',
  issue_events_url: '/issues/events{/number}',
  events_url: '/events',
  assignees_url: '/assignees{/user}',
  branches_url: '/branches{/branch}',
  tags_url: '/tags',
  blobs_url: '/git/blobs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  git_refs_url: '/git/refs{/sha}',
  trees_url: '/git/trees{/sha}',
  statuses_url: '/statuses/{sha}',
  languages_url: '/languages',
  stargazers_url: '/stargazers',
  contributors_url: '/contributors',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  commits_url: '/commits{/sha}',
  git_commits_url: '/git/commits{/sha}',
  comments_url: '/comments{/number}',
  issue_comment_url: '/issues/comments{/number}',
  contents_url: '/contents/{+path}',
  compare_url: '/compare/{base}...{head}',
  merges_url: '/merges',
  archive_url: '/{archive_format}{/ref}',
  downloads_url: '/downloads',
  issues_url: '/issues{/number}',
  pulls_url: '/pulls{/number}',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  labels_url: '/labels{/name}',
  releases_url: '/releases{/id}',
  deployments_url: '/deployments',
}

const absent = {
  fork: false,
  homepage: null,
  size: 0,
  stargazers_count: 0,
  watchers_count: 0,
  language: null,
  has_issues: true,
  has_projects: false,
  has_downloads: false,
  has_wiki: false,
  has_pages: false,
  has_discussions: false,
  forks_count: 0,
  mirror_url: null,
  disabled: false,
  license: null,
  allow_forking: true,
  is_template: false,
  web_commit_signoff_required: false,
  topics: [],
  forks: 0,
  watchers: 0,
}

/** Base of a repository's API addresses. */
export function repositoryApiUrl(context: LocalGitHubContext, repository: Repository): string {
  return `${context.addresses.apiUrl}/repos/${context.store.repositories.fullName(repository)}`
}

/** Address of a repository's page. */
export function repositoryUrl(context: LocalGitHubContext, repository: Repository): string {
  return `${context.addresses.url}/${context.store.repositories.fullName(repository)}`
}

/** A repository as it stands in events and lists. */
export function renderRepository(context: LocalGitHubContext, repository: Repository): Json {
  const self = repositoryApiUrl(context, repository)
  const page = repositoryUrl(context, repository)
  const openIssues = context.store.issues
    .inRepository(repository.id)
    .filter((issue) => issue.state === 'open').length
  const fullName = context.store.repositories.fullName(repository)
  return {
    id: repository.id,
    node_id: nodeId('R', repository.id),
    name: repository.name,
    full_name: fullName,
    private: repository.private,
    owner: renderUser(context, context.store.users.require(repository.ownerId)),
    html_url: page,
    description: repository.description,
    url: self,
    ...Object.fromEntries(Object.entries(endpoints).map(([name, path]) => [name, self + path])),
    created_at: time(repository.createdAt),
    updated_at: time(repository.updatedAt),
    pushed_at: time(repository.pushedAt),
    git_url: `git://${new URL(page).host}/${fullName}.git`,
    ssh_url: `git@${new URL(page).hostname}:${fullName}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    ...absent,
    archived: repository.archived,
    open_issues_count: openIssues,
    open_issues: openIssues,
    visibility: repository.private ? 'private' : 'public',
    default_branch: repository.defaultBranch,
  }
}

/** The rights of the asker, as `permissions` of a repository. */
function renderRights(actor: Actor | null, repository: Repository): Json {
  return {
    admin: hasRole(actor, repository, 'admin'),
    maintain: hasRole(actor, repository, 'maintain'),
    push: hasRole(actor, repository, 'write'),
    triage: hasRole(actor, repository, 'triage'),
    pull: hasRole(actor, repository, 'read'),
  }
}

/** GitHub's `full-repository`, the answer of `GET /repos/{owner}/{repo}`, for the one who asks. */
export function renderFullRepository(
  context: LocalGitHubContext,
  actor: Actor | null,
  repository: Repository,
): Json {
  const owner = context.store.users.require(repository.ownerId)
  return {
    ...renderRepository(context, repository),
    permissions: renderRights(actor, repository),
    temp_clone_token: '',
    allow_squash_merge: repository.mergeMethods.squash,
    allow_merge_commit: repository.mergeMethods.merge,
    allow_rebase_merge: repository.mergeMethods.rebase,
    allow_auto_merge: false,
    delete_branch_on_merge: repository.deleteBranchOnMerge,
    network_count: 0,
    subscribers_count: 0,
    ...(owner.type === 'Organization' && { organization: renderUser(context, owner) }),
  }
}
