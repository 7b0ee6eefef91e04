import { afterAll, beforeAll, expect, test } from 'vitest'
import { branchWithChange, openWorld, putFile, type World } from './world.ts'

type Caller = 'app' | 'owner' | 'outsider' | 'reader' | 'triager' | 'nobody' | 'stranger'

interface Wrong {
  name: string
  as?: Caller
  method?: string
  path: string
  body?: unknown
  status: number
  message: string | RegExp
  errors?: object[]
}

let world: World
const tokens: Record<Caller, string> = {
  app: '',
  owner: '',
  outsider: '',
  reader: '',
  triager: '',
  nobody: '',
  stranger: 'ghp_unknown',
}

beforeAll(async () => {
  world = await openWorld()
  const { github, owner, repo } = world
  for (const [login, role] of [
    ['outsider', null],
    ['reader', 'read'],
    ['triager', 'triage'],
  ] as const) {
    tokens[login] = github.createUser(login).token
    github.setRole('octo/demo', login, role)
  }
  tokens.owner = github.createUser('octo').token
  const { token } = (await world.app.auth({ type: 'installation' })) as { token: string }
  tokens.app = token
  await github.createRepository({ owner: 'octo', name: 'empty' })
  await github.createRepository({
    owner: 'octo',
    name: 'secret',
    private: true,
    drafts: false,
    files: { a: '1' },
  })
  await github.createRepository({ owner: 'octo', name: 'stone', files: { a: '1' } })
  await github.install(['octo/empty', 'octo/secret'])
  await owner.rest.repos.update({ owner: 'octo', repo: 'stone', archived: true })
  await owner.rest.issues.create({ ...repo, title: 'One', labels: ['bug'] })
  await owner.rest.issues.createComment({ ...repo, issue_number: 1, body: 'by the owner' })
  await branchWithChange(world, 'topic')
  await branchWithChange(world, 'same', {})
  await owner.rest.pulls.create({ ...repo, title: 'Two', head: 'topic', base: 'main' })
  await branchWithChange(world, 'clash', { 'src/sum.js': 'export const sum = 1\n' })
  await owner.rest.pulls.create({ ...repo, title: 'Three', head: 'clash', base: 'main' })
  await putFile(world, 'main', 'src/sum.js', 'export const sum = 2\n')
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

const demo = '/repos/octo/demo'
const validation = 'Validation Failed'
const long = (length: number) => 'x'.repeat(length)

const wrong: Wrong[] = [
  { name: 'an unknown path', path: '/nothing/here', status: 404, message: 'Not Found' },
  {
    name: 'an operation that is not emulated',
    method: 'PUT',
    path: `${demo}/issues/1/lock`,
    status: 501,
    message: 'Not emulated by the local GitHub: issues/lock',
  },
  {
    name: 'a field that is not emulated',
    method: 'PATCH',
    path: `${demo}/issues/1`,
    body: { milestone: 1 },
    status: 501,
    message: 'Not emulated by the local GitHub: issues/update milestone',
  },
  {
    name: 'malformed JSON',
    method: 'POST',
    path: `${demo}/issues`,
    body: '{"title":',
    status: 400,
    message: 'Problems parsing JSON',
  },
  {
    name: 'a body that is no object',
    method: 'POST',
    path: `${demo}/issues`,
    body: '"x"',
    status: 400,
    message: 'Body should be a JSON object',
  },
  {
    name: 'a missing field',
    method: 'POST',
    path: `${demo}/issues`,
    body: { body: 'x' },
    status: 422,
    message: 'Invalid request.\n\n"title" wasn\'t supplied.',
  },
  {
    name: 'an unknown field',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: 'x', titel: 'y' },
    status: 422,
    message: 'Invalid request.\n\n"titel" is not a permitted key.',
  },
  {
    name: 'a field of the wrong type',
    method: 'POST',
    path: `${demo}/issues/1/comments`,
    body: { body: 7 },
    status: 422,
    message: "Invalid request.\n\nFor 'properties/body', 7 is not a string.",
  },
  {
    name: 'a word that is not of the list',
    method: 'PATCH',
    path: `${demo}/issues/1`,
    body: { state: 'done' },
    status: 422,
    message: /"done" is not a member of \["open","closed"\]/,
  },
  {
    name: 'an unknown query parameter',
    path: `${demo}/issues?stat=open`,
    status: 422,
    message: /"stat" is not a permitted key/,
  },
  {
    name: 'a page that is no number',
    path: `${demo}/issues?page=two`,
    status: 422,
    message: /"two" is not an integer/,
  },
  {
    name: 'an issue number that is no number',
    path: `${demo}/issues/one`,
    status: 404,
    message: 'Not Found',
  },
  { name: 'a missing issue', path: `${demo}/issues/99`, status: 404, message: 'Not Found' },
  {
    name: 'a blank title',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: ' ' },
    status: 422,
    message: validation,
    errors: [{ resource: 'Issue', code: 'missing_field', field: 'title' }],
  },
  {
    name: 'a title of 257 characters',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: long(257) },
    status: 422,
    message: validation,
    errors: [{ code: 'custom', field: 'title', message: 'title is too long (maximum is 256 characters)' }],
  },
  {
    name: 'an issue body of 65,537 characters',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: 'x', body: long(65_537) },
    status: 422,
    message: validation,
    errors: [{ code: 'custom', field: 'body', message: 'body is too long (maximum is 65536 characters)' }],
  },
  {
    name: 'a comment of 65,537 characters',
    method: 'POST',
    path: `${demo}/issues/1/comments`,
    body: { body: long(65_537) },
    status: 422,
    message: validation,
    errors: [{ resource: 'IssueComment', code: 'unprocessable', field: 'data' }],
  },
  {
    name: 'an empty comment',
    method: 'POST',
    path: `${demo}/issues/1/comments`,
    body: { body: '' },
    status: 422,
    message: validation,
    errors: [{ message: 'Body cannot be blank' }],
  },
  {
    name: 'a label of 51 characters',
    method: 'POST',
    path: `${demo}/issues/1/labels`,
    body: { labels: [long(51)] },
    status: 422,
    message: validation,
    errors: [{ resource: 'Label', field: 'name', message: 'name is too long (maximum is 50 characters)' }],
  },
  {
    name: 'a label that exists',
    method: 'POST',
    path: `${demo}/labels`,
    body: { name: 'BUG', color: 'ff0000' },
    status: 422,
    message: validation,
    errors: [{ resource: 'Label', code: 'already_exists', field: 'name' }],
  },
  {
    name: 'a label description of 101 characters',
    method: 'POST',
    path: `${demo}/labels`,
    body: { name: 'new', description: long(101) },
    status: 422,
    message: validation,
    errors: [{ resource: 'Label', field: 'description' }],
  },
  {
    name: 'a label that is not on the issue',
    method: 'DELETE',
    path: `${demo}/issues/1/labels/absent`,
    status: 404,
    message: 'Label does not exist',
  },
  {
    name: 'a reaction that does not exist',
    method: 'POST',
    path: `${demo}/issues/1/reactions`,
    body: { content: 'tada' },
    status: 422,
    message: /not a member of/,
  },
  {
    name: 'a pull request without commits',
    method: 'POST',
    path: `${demo}/pulls`,
    body: { title: 'x', head: 'same', base: 'main' },
    status: 422,
    message: validation,
    errors: [{ resource: 'PullRequest', code: 'custom', message: 'No commits between main and same' }],
  },
  {
    name: 'a second pull request of a branch',
    method: 'POST',
    path: `${demo}/pulls`,
    body: { title: 'x', head: 'octo:topic', base: 'main' },
    status: 422,
    message: validation,
    errors: [{ code: 'custom', message: 'A pull request already exists for octo:topic.' }],
  },
  {
    name: 'a pull request of a branch that does not exist',
    method: 'POST',
    path: `${demo}/pulls`,
    body: { title: 'x', head: 'absent', base: 'main' },
    status: 422,
    message: validation,
    errors: [{ resource: 'PullRequest', code: 'invalid', field: 'head' }],
  },
  {
    name: 'a pull request into a branch that does not exist',
    method: 'POST',
    path: `${demo}/pulls`,
    body: { title: 'x', head: 'topic', base: 'absent' },
    status: 422,
    message: validation,
    errors: [{ resource: 'PullRequest', code: 'invalid', field: 'base' }],
  },
  {
    name: 'a draft where the plan has none',
    method: 'POST',
    path: '/repos/octo/secret/pulls',
    body: { title: 'x', head: 'main', base: 'main', draft: true },
    status: 422,
    message: 'Draft pull requests are not supported in this repository.',
  },
  {
    name: 'a merge of another head than the one seen',
    method: 'PUT',
    path: `${demo}/pulls/2/merge`,
    body: { sha: '0'.repeat(40) },
    status: 409,
    message: 'Head branch was modified. Review and try the merge again.',
  },
  {
    name: 'a merge with a conflict',
    method: 'PUT',
    path: `${demo}/pulls/3/merge`,
    body: {},
    status: 405,
    message: 'Pull Request is not mergeable',
  },
  {
    name: 'a ref that exists',
    method: 'POST',
    path: `${demo}/git/refs`,
    body: { ref: 'refs/heads/topic', sha: '1'.repeat(40) },
    status: 422,
    message: 'Reference already exists',
  },
  {
    name: 'a ref to a commit that does not exist',
    method: 'POST',
    path: `${demo}/git/refs`,
    body: { ref: 'refs/heads/new', sha: '1'.repeat(40) },
    status: 422,
    message: 'Object does not exist',
  },
  { name: 'a missing ref to read', path: `${demo}/git/ref/heads/absent`, status: 404, message: 'Not Found' },
  {
    name: 'a missing ref to delete',
    method: 'DELETE',
    path: `${demo}/git/refs/heads/absent`,
    status: 422,
    message: 'Reference does not exist',
  },
  { name: 'a missing branch', path: `${demo}/branches/absent`, status: 404, message: 'Branch not found' },
  { name: 'a missing file', path: `${demo}/contents/absent.txt`, status: 404, message: 'Not Found' },
  {
    name: 'a file that exists, without its sha',
    method: 'PUT',
    path: `${demo}/contents/README.md`,
    body: { message: 'x', content: 'eA==' },
    status: 422,
    message: /"sha" wasn't supplied/,
  },
  {
    name: 'a file that has changed meanwhile',
    method: 'PUT',
    path: `${demo}/contents/README.md`,
    body: { message: 'x', content: 'eA==', sha: '1'.repeat(40) },
    status: 409,
    message: /^README\.md does not match/,
  },
  {
    name: 'the history of an empty repository',
    path: '/repos/octo/empty/commits',
    status: 409,
    message: 'Git Repository is empty.',
  },
  {
    name: 'the contents of an empty repository',
    path: '/repos/octo/empty/contents/a',
    status: 404,
    message: 'This repository is empty.',
  },
  { name: 'a missing account', path: '/users/absent', status: 404, message: 'Not Found' },
  { name: 'an unknown token', as: 'stranger', path: demo, status: 401, message: 'Bad credentials' },
  {
    name: 'a write without a token',
    as: 'nobody',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: 'x' },
    status: 401,
    message: 'Requires authentication',
  },
  {
    name: 'nobody asking who they are',
    as: 'nobody',
    path: '/user',
    status: 401,
    message: 'Requires authentication',
  },
  {
    name: 'a private repository without a token',
    as: 'nobody',
    path: '/repos/octo/secret',
    status: 404,
    message: 'Not Found',
  },
  {
    name: 'a private repository of others',
    as: 'outsider',
    path: '/repos/octo/secret',
    status: 404,
    message: 'Not Found',
  },
  {
    name: 'an app-only operation with a user token',
    as: 'owner',
    path: '/app',
    status: 401,
    message: 'A JSON web token could not be decoded',
  },
  {
    name: 'a user-only operation with an installation token',
    as: 'app',
    path: '/user',
    status: 403,
    message: 'Resource not accessible by integration',
  },
  {
    name: 'what the app has no permission for',
    as: 'app',
    method: 'PATCH',
    path: demo,
    body: { archived: true },
    status: 403,
    message: 'Resource not accessible by integration',
  },
  {
    name: 'a workflow file written by the app',
    as: 'app',
    method: 'PUT',
    path: `${demo}/contents/.github/workflows/ci.yml`,
    body: { message: 'x', content: 'eA==' },
    status: 403,
    message: 'Resource not accessible by integration',
  },
  {
    name: 'a write to a repository the app is not installed on',
    as: 'app',
    method: 'POST',
    path: '/repos/octo/stone/issues',
    body: { title: 'x' },
    status: 403,
    message: 'Resource not accessible by integration',
  },
  {
    name: 'a label by an outsider',
    as: 'outsider',
    method: 'POST',
    path: `${demo}/issues/1/labels`,
    body: { labels: ['process'] },
    status: 403,
    message: 'Must have admin rights to Repository.',
  },
  {
    name: 'an edit of others by a reader',
    as: 'reader',
    method: 'PATCH',
    path: `${demo}/issues/1`,
    body: { title: 'x' },
    status: 403,
    message: 'Must have admin rights to Repository.',
  },
  {
    name: 'an edit of others by a triager',
    as: 'triager',
    method: 'PATCH',
    path: `${demo}/issues/1`,
    body: { title: 'x' },
    status: 403,
    message: 'Must have admin rights to Repository.',
  },
  {
    name: 'closing by a reader',
    as: 'reader',
    method: 'PATCH',
    path: `${demo}/issues/1`,
    body: { state: 'closed' },
    status: 403,
    message: 'Must have admin rights to Repository.',
  },
  {
    name: 'a merge by a triager',
    as: 'triager',
    method: 'PUT',
    path: `${demo}/pulls/2/merge`,
    body: {},
    status: 403,
    message: 'Must have push access to the repository.',
  },
  {
    name: 'a rename by a reader',
    as: 'reader',
    method: 'PATCH',
    path: demo,
    body: { name: 'mine' },
    status: 403,
    message: 'Must have admin rights to Repository.',
  },
  {
    name: 'asking for rights without rights',
    as: 'outsider',
    path: `${demo}/collaborators/octo/permission`,
    status: 403,
    message: 'Must have push access to view collaborator permission.',
  },
  {
    name: 'an issue in an archived repository',
    as: 'owner',
    method: 'POST',
    path: '/repos/octo/stone/issues',
    body: { title: 'x' },
    status: 403,
    message: 'Repository was archived so is read-only.',
  },
  {
    name: 'a repository name that is taken',
    as: 'owner',
    method: 'POST',
    path: '/user/repos',
    body: { name: 'demo' },
    status: 422,
    message: 'Repository creation failed.',
    errors: [
      {
        resource: 'Repository',
        code: 'custom',
        field: 'name',
        message: 'name already exists on this account',
      },
    ],
  },
]

test.each(wrong)(
  '$name is refused with $status',
  async ({ as = 'owner', method = 'GET', path, body, status, message, errors }) => {
    const token = tokens[as]
    const response = await fetch(world.github.apiUrl + path, {
      method,
      headers: { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const answer = (await response.json()) as { message: string; errors?: object[] }
    expect({ status: response.status, ...answer }).toMatchObject({
      status: String(status),
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      documentation_url: expect.stringContaining('https://docs.github.com'),
      ...(errors && { errors }),
    })
    expect(response.status).toBe(status)
  },
)

test('a request without a user agent is refused as at GitHub', async () => {
  const response = await fetch(`${world.github.apiUrl}${demo}`, { headers: { 'user-agent': '' } })
  expect(response.status).toBe(403)
  expect(await response.text()).toContain('User-Agent')
})
