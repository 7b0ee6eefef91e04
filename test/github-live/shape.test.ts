import { expect, test } from 'vitest'
import { compareObservations, type Observation } from './shape.ts'

const seen = (body: unknown, more: Partial<Observation> = {}): Observation => ({
  what: 'issues/get as person',
  status: 200,
  headers: {},
  body,
  ...more,
})
const between = (theirs: unknown[], ours: unknown[]) =>
  compareObservations(
    theirs.map((body) => seen(body)),
    ours.map((body) => seen(body)),
  ).differences
const title = 'issues/get as person 200'

test.each<[string, unknown[], unknown[], string[]]>([
  ['other values', [{ id: 1, user: { login: 'a' } }], [{ id: 2, user: { login: 'b' } }], []],
  ['a key less here', [{ id: 1, node_id: 'x' }], [{ id: 1 }], ['/node_id: GitHub string, local absent']],
  ['a key more here', [{ id: 1 }], [{ id: 1, extra: [] }], ['/extra: GitHub absent, local array']],
  ['another type', [{ id: 1 }], [{ id: '1' }], ['/id: GitHub number, local string']],
  [
    'an object less here, once',
    [{ user: { id: 1, login: 'a' } }],
    [{}],
    ['/user: GitHub object, local absent'],
  ],
  [
    'something where there is never anything',
    [{ at: null }],
    [{ at: 'now' }],
    ['/at: GitHub null, local string'],
  ],
  ['nothing at another time', [{ at: null }, { at: 'now' }], [{ at: null }], []],
  ['an empty list', [{ labels: [] }], [{ labels: [{ name: 'bug' }] }], []],
  ['a key less in a list', [[{ id: 1, url: 'u' }]], [[{ id: 1 }]], ['/[]/url: GitHub string, local absent']],
  ['an object that is not always there', [{ user: null }], [{ user: { id: 1 } }, { user: null }], []],
  ['no body here', [{ id: 1 }], [null], ['/: GitHub object, local null']],
])('%s', (_, theirs, ours, expected) => {
  expect(between(theirs, ours)).toEqual(expected.map((line) => `${title}: ${line}`))
})

test('statuses and headers are compared, and what only one side did is no difference', () => {
  const etag = { headers: { etag: 'W/"1"', date: 'today' } }
  const result = compareObservations(
    [seen({}, etag), seen({}, { status: 404 }), seen({}, { what: 'repos/get as app' })],
    [seen({}), seen({}, { what: 'pulls/get as app' })],
  )
  expect(result).toEqual({
    differences: [
      `${title}: header etag: GitHub string, local absent`,
      'issues/get as person 404: GitHub only',
    ],
    notCompared: [
      'pulls/get as app 200: seen at the local GitHub only',
      'repos/get as app 200: seen at GitHub only',
    ],
    compared: 1,
  })
})
