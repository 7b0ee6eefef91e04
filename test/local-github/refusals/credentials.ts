import { absent, type Caller, demo, rest, type Wrong } from './wrong.ts'

const badCredentials = { status: 401, message: 'Bad credentials', docs: rest }
const undecodable = { status: 401, message: 'A JSON web token could not be decoded' }
const tooFar = {
  status: 401,
  message: "'Expiration time' claim ('exp') is too far in the future",
  docs: rest,
}
const tokens = ({ installationId }: { installationId: number }) =>
  `/app/installations/${installationId}/access_tokens`
const jwt = (as: Caller, refusal: { status: number; message: string; docs: string }): Wrong => ({
  name: `a ${as}`,
  as,
  path: '/app',
  ...refusal,
})

/** Tokens, the app's own, and tokens that are asked for. */
export const credentials: Wrong[] = [
  { name: 'an unknown token', as: 'stranger', path: demo, ...badCredentials },
  { name: 'a token whose hour is over', as: 'expired', path: demo, ...badCredentials },
  {
    name: 'a write with a token whose hour is over',
    as: 'expired',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: 'x' },
    ...badCredentials,
  },
  { name: 'a token of an installation that is gone', as: 'removed', path: demo, ...badCredentials },
  {
    name: 'a token of a suspended installation',
    as: 'suspended',
    path: '/repos/sleepy/nap',
    status: 403,
    message: 'This installation has been suspended',
    docs: rest,
  },
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
  { name: 'a private repository without a token', as: 'nobody', path: '/repos/octo/secret', ...absent },
  { name: 'an app-only operation with a person’s token', as: 'owner', path: '/app', ...undecodable },
  { name: 'an app-only operation with an installation token', as: 'app', path: '/app', ...undecodable },
  {
    name: 'a token asked for with an installation token',
    as: 'app',
    method: 'POST',
    path: tokens,
    ...undecodable,
  },
  { name: 'an app-only operation without a token', as: 'nobody', path: '/app/installations', ...undecodable },
  { name: 'a repository with a JWT', as: 'jwt', path: demo, status: 401, message: 'Bad credentials' },
  {
    name: 'an issue with a JWT',
    as: 'jwt',
    method: 'POST',
    path: `${demo}/issues`,
    body: { title: 'x' },
    status: 401,
    message: 'Bad credentials',
  },
  {
    name: 'the list of repositories of an installation with a JWT',
    as: 'jwt',
    path: '/installation/repositories',
    status: 401,
    message: 'Bad credentials',
  },
  {
    name: 'the list of repositories of an installation with a person’s token',
    path: '/installation/repositories',
    status: 403,
    message:
      'You must authenticate with an installation access token in order to list repositories for an installation.',
  },
  jwt('jwt over', {
    status: 401,
    message:
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    docs: rest,
  }),
  jwt('jwt without expiry', {
    status: 401,
    message:
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    docs: rest,
  }),
  jwt('jwt too long', tooFar),
  jwt('jwt from the future', {
    status: 401,
    message:
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    docs: rest,
  }),
  jwt('jwt of another app', { status: 404, message: 'Integration not found', docs: rest }),
  jwt('jwt without issuer', {
    status: 401,
    message: "Missing 'issuer' claim ('iss') in assertion",
    docs: rest,
  }),
  jwt('jwt unsigned', { ...undecodable, docs: rest }),
  jwt('jwt HS256', { ...undecodable, docs: rest }),
  jwt('jwt by another key', { ...undecodable, docs: rest }),
  {
    name: 'a token of an unknown installation',
    as: 'jwt',
    method: 'POST',
    path: '/app/installations/1/access_tokens',
    ...absent,
  },
  {
    name: 'a token of a suspended installation that is asked for',
    as: 'jwt',
    method: 'POST',
    path: ({ suspendedId }) => `/app/installations/${suspendedId}/access_tokens`,
    status: 403,
    message: 'This installation has been suspended',
  },
  { name: 'an unknown installation', as: 'jwt', path: '/app/installations/1', ...absent },
  {
    name: 'the installation of a repository without the app',
    as: 'jwt',
    path: '/repos/hermit/cave/installation',
    ...absent,
  },
  {
    name: 'a token for more than was granted',
    as: 'jwt',
    method: 'POST',
    path: tokens,
    body: { permissions: { workflows: 'write' } },
    status: 422,
    message: 'The permissions requested are not granted to this installation.',
  },
  {
    name: 'a token for a higher level than was granted',
    as: 'jwt',
    method: 'POST',
    path: tokens,
    body: { permissions: { checks: 'write' } },
    status: 422,
    message: 'The permissions requested are not granted to this installation.',
  },
  {
    name: 'a token with a misspelt permission',
    as: 'jwt',
    method: 'POST',
    path: tokens,
    body: { permissions: { pull_request: 'write' } },
    status: 422,
    message: 'The permissions requested are not granted to this installation.',
  },
  {
    name: 'a token with a level that does not exist',
    as: 'jwt',
    method: 'POST',
    path: tokens,
    body: { permissions: { issues: 'admin' } },
    status: 422,
    message:
      'Invalid request.\n\nFor \'properties/permissions/issues\', "admin" is not a member of ["read","write"].',
  },
  {
    name: 'a token for a repository that the app is not installed on',
    as: 'jwt',
    method: 'POST',
    path: tokens,
    body: ({ stoneId }) => ({ repository_ids: [stoneId] }),
    status: 422,
    message:
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
  },
  {
    name: 'a token for a repository that does not exist',
    as: 'jwt',
    method: 'POST',
    path: tokens,
    body: { repositories: ['absent'] },
    status: 422,
    message:
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
  },
  {
    name: 'a token for repositories by text',
    as: 'jwt',
    method: 'POST',
    path: tokens,
    body: { repository_ids: ['1'] },
    status: 422,
    message: 'Invalid request.\n\nFor \'properties/repository_ids/0\', "1" is not an integer.',
  },
  { name: 'a delivery that does not exist', as: 'jwt', path: '/app/hook/deliveries/1', ...absent },
  {
    name: 'a redelivery of nothing',
    as: 'jwt',
    method: 'POST',
    path: '/app/hook/deliveries/1/attempts',
    ...absent,
  },
]
