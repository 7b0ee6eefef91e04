import { absent, type Caller, demo, notAccessible, type Wrong } from './wrong.ts'

const secret = '/repos/octo/secret'
const write = (as: Caller, what: string, method: string, path: string, body?: object): Wrong => ({
  name: `${what} with a token for ${as}`,
  as,
  method,
  path,
  ...(body !== undefined && { body }),
  ...notAccessible,
})
const pull = { title: 'x', head: 'topic', base: 'held' }
const file = { message: 'x', content: 'eA==' }

/** What a token's permissions do not cover: one case for each family of operations, at least. */
export const permissions: Wrong[] = [
  write('issues read', 'an issue', 'POST', `${demo}/issues`, { title: 'x' }),
  write('issues read', 'an edit of an issue', 'PATCH', `${demo}/issues/1`, { state: 'closed' }),
  write('issues read', 'a comment', 'POST', `${demo}/issues/1/comments`, { body: 'x' }),
  write('issues read', 'labels', 'POST', `${demo}/issues/1/labels`, { labels: ['bug'] }),
  write('issues read', 'all labels', 'PUT', `${demo}/issues/1/labels`, { labels: ['bug'] }),
  write('issues read', 'the removal of a label', 'DELETE', `${demo}/issues/1/labels/bug`),
  write('issues read', 'a label of the repository', 'POST', `${demo}/labels`, { name: 'new' }),
  write('issues read', 'a lock', 'PUT', `${demo}/issues/1/lock`),
  write('issues read', 'a reaction', 'POST', `${demo}/issues/1/reactions`, { content: 'eyes' }),
  write('issues write', 'a pull request', 'POST', `${demo}/pulls`, pull),
  write('issues write', 'an edit of a pull request', 'PATCH', `${demo}/pulls/2`, { state: 'closed' }),
  write('issues write', 'a merge', 'PUT', `${demo}/pulls/2/merge`, {}),
  write('issues write', 'a ref', 'POST', `${demo}/git/refs`, { ref: 'refs/heads/n', sha: '1'.repeat(40) }),
  write('issues write', 'the deletion of a ref', 'DELETE', `${demo}/git/refs/heads/topic`),
  write('issues write', 'a file', 'PUT', `${demo}/contents/new.txt`, file),
  write('issues write', 'pull requests of a private repository', 'GET', `${secret}/pulls`),
  write('issues write', 'files of a private repository', 'GET', `${secret}/contents/a`),
  write('issues write', 'branches of a private repository', 'GET', `${secret}/branches`),
  write('issues write', 'history of a private repository', 'GET', `${secret}/commits`),
  write('contents read', 'issues of a private repository', 'GET', `${secret}/issues/1/reactions`),
  write('contents read', 'a ref', 'PATCH', `${demo}/git/refs/heads/topic`, { sha: '1'.repeat(40) }),
  write('contents read', 'a file', 'PUT', `${demo}/contents/new.txt`, file),
  write('app', 'settings', 'PATCH', demo, { archived: true }),
  write('app', 'the deletion of a repository', 'DELETE', demo),
  write('app', 'a transfer', 'POST', `${demo}/transfer`, { new_owner: 'outsider' }),
  write('app', 'a collaborator', 'PUT', `${demo}/collaborators/outsider`, { permission: 'push' }),
  write('app', 'the removal of a collaborator', 'DELETE', `${demo}/collaborators/reader`),
  write('app', 'who one is', 'GET', '/user'),
  write('app', 'a repository of its own', 'POST', '/user/repos', { name: 'mine' }),
  write('app', 'an issue where it is not installed', 'POST', '/repos/octo/stone/issues', { title: 'x' }),
  write('narrow', 'a comment outside of its repositories', 'POST', `${demo}/issues/1/comments`, {
    body: 'x',
  }),
  write('narrow', 'a branch outside of its repositories', 'POST', `${demo}/git/refs`, {
    ref: 'refs/heads/n',
    sha: '1'.repeat(40),
  }),
  {
    name: 'a private repository outside of a token’s repositories',
    as: 'narrow',
    path: '/repos/octo/vault',
    ...absent,
  },
  {
    name: 'an issue in a private repository outside of a token’s repositories',
    as: 'narrow',
    method: 'POST',
    path: '/repos/octo/vault/issues',
    body: { title: 'x' },
    ...absent,
  },
  {
    name: 'a private repository of an owner without the app',
    as: 'app',
    path: '/repos/hermit/cave',
    ...absent,
  },
]
