import { afterAll, beforeAll, expect, test } from 'vitest'
import { demo, expectRefused, openRefusalWorld, type RefusalWorld, type Wrong } from './refusal-world.ts'

let refusals: RefusalWorld

beforeAll(async () => {
  refusals = await openRefusalWorld()
})

afterAll(async () => {
  await refusals.world[Symbol.asyncDispose]()
})

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
    errors: [{ resource: 'Issue', code: 'missing_field', field: 'title' }],
  },
  {
    name: 'a title of 257 characters',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: long(257) },
    status: 422,
    errors: [{ code: 'custom', field: 'title', message: 'title is too long (maximum is 256 characters)' }],
  },
  {
    name: 'an issue body of 65,537 characters',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: 'x', body: long(65_537) },
    status: 422,
    errors: [{ code: 'custom', field: 'body', message: 'body is too long (maximum is 65536 characters)' }],
  },
  {
    name: 'a comment of 65,537 characters',
    method: 'POST',
    path: `${demo}/issues/1/comments`,
    body: { body: long(65_537) },
    status: 422,
    errors: [{ resource: 'IssueComment', code: 'unprocessable', field: 'data' }],
  },
  {
    name: 'an empty comment',
    method: 'POST',
    path: `${demo}/issues/1/comments`,
    body: { body: '' },
    status: 422,
    errors: [{ message: 'Body cannot be blank' }],
  },
  {
    name: 'a label of 51 characters',
    method: 'POST',
    path: `${demo}/issues/1/labels`,
    body: { labels: [long(51)] },
    status: 422,
    errors: [{ resource: 'Label', field: 'name', message: 'name is too long (maximum is 50 characters)' }],
  },
  {
    name: 'a label that exists',
    method: 'POST',
    path: `${demo}/labels`,
    body: { name: 'BUG', color: 'ff0000' },
    status: 422,
    errors: [{ resource: 'Label', code: 'already_exists', field: 'name' }],
  },
  {
    name: 'a label description of 101 characters',
    method: 'POST',
    path: `${demo}/labels`,
    body: { name: 'new', description: long(101) },
    status: 422,
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
    errors: [{ resource: 'PullRequest', code: 'custom', message: 'No commits between main and same' }],
  },
  {
    name: 'a second pull request of a branch',
    method: 'POST',
    path: `${demo}/pulls`,
    body: { title: 'x', head: 'octo:topic', base: 'main' },
    status: 422,
    errors: [{ code: 'custom', message: 'A pull request already exists for octo:topic.' }],
  },
  {
    name: 'a pull request of a branch that does not exist',
    method: 'POST',
    path: `${demo}/pulls`,
    body: { title: 'x', head: 'absent', base: 'main' },
    status: 422,
    errors: [{ resource: 'PullRequest', code: 'invalid', field: 'head' }],
  },
  {
    name: 'a pull request into a branch that does not exist',
    method: 'POST',
    path: `${demo}/pulls`,
    body: { title: 'x', head: 'topic', base: 'absent' },
    status: 422,
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
]

test.each(wrong)('$name is refused with $status', async (request) => {
  await expectRefused(refusals, request)
})

test('a request without a user agent is refused as at GitHub', async () => {
  const response = await fetch(`${refusals.world.github.apiUrl}${demo}`, { headers: { 'user-agent': '' } })
  expect(response.status).toBe(403)
  expect(await response.text()).toContain('User-Agent')
})
