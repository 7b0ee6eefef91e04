import { afterAll, beforeAll, test } from 'vitest'
import { demo, expectRefused, openRefusalWorld, type RefusalWorld, type Wrong } from './refusal-world.ts'

let refusals: RefusalWorld

beforeAll(async () => {
  refusals = await openRefusalWorld()
})

afterAll(async () => {
  await refusals.world[Symbol.asyncDispose]()
})

const wrong: Wrong[] = [
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

test.each(wrong)('$name is refused with $status', async (request) => {
  await expectRefused(refusals, request)
})
