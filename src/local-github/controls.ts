import { installApp, setSuspended, uninstallApp } from './actions/installations.ts'
import { openIssue } from './actions/issues.ts'
import type { Outcome } from './actions/outcome.ts'
import { deleteIssue, transferIssue } from './actions/removals.ts'
import { createRepository } from './actions/repositories.ts'
import type { LocalGitHubContext } from './context.ts'
import type { Installation, Permissions } from './store/installation.ts'
import type { Issue } from './store/issue.ts'
import type { Protection, Repository, Role } from './store/repository.ts'
import type { User } from './store/user.ts'

interface CreatedUser {
  id: number
  login: string
  /** `ghp_...`, acts with this user's rights; a new one at every call. */
  token: string
}

interface NewRepository {
  owner: string
  name: string
  private?: boolean
  description?: string
  /** First commit; a repository without commits when left out. */
  files?: Record<string, string>
  /** `false`: draft pull requests are refused while it is private. */
  drafts?: boolean
}

interface CreatedRepository {
  id: number
  fullName: string
  defaultBranch: string
  htmlUrl: string
  cloneUrl: string
}

/** What the operator of the local GitHub can do besides acting as a user; no rights are asked. */
export interface Controls {
  /** Makes an account, or another token for one that exists. */
  createUser(login: string): CreatedUser
  createOrganization(login: string): { id: number; login: string }
  /** The owner is made when unknown and has the role admin. Throws when the name is taken or bad. */
  createRepository(repository: NewRepository): Promise<CreatedRepository>
  setRole(fullName: string, login: string, role: Role | null): void
  /** Protects a branch against being rewritten or deleted (and more, when told), or `null`: not any more. */
  protectBranch(fullName: string, branch: string, rules: Partial<Protection> | null): void
  /** Installs the app on repositories of one owner; adds them when that owner has installed it before. */
  install(fullNames: readonly string[]): Promise<{ installationId: number }>
  uninstall(owner: string): void
  suspend(owner: string): void
  unsuspend(owner: string): void
  /** As an issue form sends it: its labels are added whatever the rights of the sender. */
  submitIssueForm(
    fullName: string,
    login: string,
    issue: { title: string; body?: string; labels: string[] },
  ): Promise<{ id: number; number: number }>
  deleteIssue(fullName: string, number: number, login: string): Promise<void>
  /** Moves an issue to another repository of the same owner; answers with its number there. */
  transferIssue(fullName: string, number: number, to: string, login: string): Promise<{ number: number }>
}

function must<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value
  const details = (outcome.errors ?? []).map((error) => error.message ?? `${error.field} ${error.code}`)
  throw new Error([outcome.message, ...details].join(' '))
}

function finders(context: LocalGitHubContext) {
  const { installations, issues, repositories, users } = context.store
  const known = <Value>(value: Value | undefined, what: string): Value => {
    if (value === undefined) throw new Error(`The local GitHub has no ${what}.`)
    return value
  }
  const user = (login: string): User => known(users.byLogin(login), `account ${login}`)
  const repository = (fullName: string): Repository =>
    known(repositories.byFullName(fullName), `repository ${fullName}`)
  return {
    user,
    repository,
    installation: (owner: string): Installation =>
      known(installations.ofAccount(user(owner).id), `installation of ${owner}`),
    issue: (fullName: string, number: number): Issue =>
      known(issues.byNumber(repository(fullName).id, number), `issue ${fullName}#${number}`),
  }
}

/** Controls over a context; `permissions` is what the app asks for at every installation. */
export function createControls(context: LocalGitHubContext, permissions: Permissions): Controls {
  const find = finders(context)
  return {
    ...accounts(context),
    ...installing(context, permissions, find),
    ...issueControls(context, find),
    setRole(fullName, login, role) {
      const { roles } = find.repository(fullName)
      if (role === null) roles.delete(find.user(login).id)
      else roles.set(find.user(login).id, role)
    },
    protectBranch(fullName, branch, rules) {
      const { protection } = find.repository(fullName)
      if (rules === null) protection.delete(branch)
      else protection.set(branch, { pullRequestsOnly: false, ...rules })
    },
  }
}

function accounts(context: LocalGitHubContext) {
  const { repositories, tokens, users } = context.store
  return {
    createUser(login: string): CreatedUser {
      const user = users.byLogin(login) ?? users.create(login, 'User', context.now())
      return { id: user.id, login: user.login, token: tokens.issueForUser(user.id) }
    },
    createOrganization(login: string) {
      const { id } = users.create(login, 'Organization', context.now())
      return { id, login }
    },
    async createRepository({ owner, ...input }: NewRepository): Promise<CreatedRepository> {
      const user = users.byLogin(owner) ?? users.create(owner, 'User', context.now())
      const repository = must(await createRepository(context, { ...input, owner: user }))
      const fullName = repositories.fullName(repository)
      const htmlUrl = `${context.addresses.url}/${fullName}`
      const { id, defaultBranch } = repository
      return { id, fullName, defaultBranch, htmlUrl, cloneUrl: `${htmlUrl}.git` }
    },
  }
}

type Finders = ReturnType<typeof finders>

function installing(context: LocalGitHubContext, permissions: Permissions, find: Finders) {
  return {
    async install(fullNames: readonly string[]): Promise<{ installationId: number }> {
      const repositories = fullNames.map(find.repository)
      const [first] = repositories
      if (!first) throw new Error('Name at least one repository to install the app on.')
      const owner = context.store.users.require(first.ownerId)
      return { installationId: installApp(context, owner, repositories, permissions).id }
    },
    uninstall: (owner: string): void => uninstallApp(context, find.installation(owner)),
    suspend: (owner: string): void => setSuspended(context, find.installation(owner), true),
    unsuspend: (owner: string): void => setSuspended(context, find.installation(owner), false),
  }
}

function issueControls(context: LocalGitHubContext, find: Finders) {
  const actor = (login: string) => ({ kind: 'user', user: find.user(login) }) as const
  return {
    async submitIssueForm(
      fullName: string,
      login: string,
      { labels, ...text }: { title: string; body?: string; labels: string[] },
    ): Promise<{ id: number; number: number }> {
      const repository = find.repository(fullName)
      const input = { ...text, formLabels: labels }
      const { id, number } = must(await openIssue(context, actor(login), repository, input))
      return { id, number }
    },
    async deleteIssue(fullName: string, number: number, login: string): Promise<void> {
      must(await deleteIssue(context, actor(login), find.issue(fullName, number)))
    },
    async transferIssue(fullName: string, number: number, to: string, login: string) {
      const issue = find.issue(fullName, number)
      return { number: must(await transferIssue(context, actor(login), issue, find.repository(to))).number }
    },
  }
}
