import type { LocalGitHubContext } from '../context.ts'
import { nodeId } from '../store/table.ts'
import type { User } from '../store/user.ts'
import type { Json } from '../webhooks/event.ts'
import { time } from './time.ts'

/** GitHub's `simple-user`, as it stands in issues, comments and events. */
export function renderUser(context: LocalGitHubContext, user: User): Json {
  const { url, apiUrl } = context.addresses
  const path = encodeURIComponent(user.login)
  const self = `${apiUrl}/users/${path}`
  const page = user.type === 'Bot' ? `${url}/apps/${context.app.slug}` : `${url}/${path}`
  return {
    login: user.login,
    id: user.id,
    node_id: nodeId(user.type === 'Bot' ? 'BOT' : user.type === 'Organization' ? 'O' : 'U', user.id),
    avatar_url: `${url}/_local/avatars/${user.id}`,
    gravatar_id: '',
    url: self,
    html_url: page,
    followers_url: `${self}/followers`,
    following_url: `${self}/following{/other_user}`,
    gists_url: `${self}/gists{/gist_id}`,
    starred_url: `${self}/starred{/owner}{/repo}`,
    subscriptions_url: `${self}/subscriptions`,
    organizations_url: `${self}/orgs`,
    repos_url: `${self}/repos`,
    events_url: `${self}/events{/privacy}`,
    received_events_url: `${self}/received_events`,
    type: user.type,
    user_view_type: 'public',
    site_admin: false,
  }
}

/** GitHub's `public-user`, the answer of `GET /users/{username}` and `GET /user`. */
export function renderProfile(context: LocalGitHubContext, user: User): Json {
  const repositories = context.store.repositories
    .all()
    .filter((repository) => repository.ownerId === user.id && !repository.private)
  const created = time(user.createdAt)
  return {
    ...renderUser(context, user),
    name: user.login,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: repositories.length,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: created,
    updated_at: created,
  }
}

/** GitHub's `organization-simple-webhooks`, beside `repository` in events of organizations. */
export function renderOrganization(context: LocalGitHubContext, organization: User): Json {
  const self = `${context.addresses.apiUrl}/orgs/${organization.login}`
  return {
    login: organization.login,
    id: organization.id,
    node_id: nodeId('O', organization.id),
    url: self,
    repos_url: `${self}/repos`,
    events_url: `${self}/events`,
    hooks_url: `${self}/hooks`,
    issues_url: `${self}/issues`,
    members_url: `${self}/members{/member}`,
    public_members_url: `${self}/public_members{/member}`,
    avatar_url: `${context.addresses.url}/_local/avatars/${organization.id}`,
    description: null,
  }
}
