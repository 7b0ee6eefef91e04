import { expect, test } from 'vitest'
import { emittedWebhooks } from '../../src/local-github/webhooks/catalog.ts'
import { openWorld, type World } from './world.ts'

test('a delivery is signed, named and complete when something happens', async () => {
  await using world = await openWorld()
  const { github, owner, received, repo } = world
  await owner.rest.issues.create({ ...repo, title: 'Hi' })
  await github.flushWebhooks()
  const [delivery] = received
  expect(delivery?.signed).toBe(true)
  expect(delivery?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
    'x-github-event': 'issues',
    'x-github-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'x-github-hook-installation-target-id': String(github.app.id),
    'x-github-hook-installation-target-type': 'integration',
  })
})

test('a ping comes first when the webhook is set', async () => {
  await using world = await openWorld()
  expect(world.github.deliveries().map(({ event, action }) => [event, action])).toEqual([
    ['ping', null],
    ['installation', 'created'],
  ])
})

test('a failed delivery is listed, is not sent again by itself, and keeps its GUID when it is redelivered', async () => {
  await using world = await openWorld()
  const { appJwt, github, owner, received, receiver, repo } = world
  receiver.status = 500
  await owner.rest.issues.create({ ...repo, title: 'Hi' })
  await github.flushWebhooks()
  receiver.status = 202
  const failed = await appJwt.rest.apps.listWebhookDeliveries({ status: 'failure' })
  expect(failed.data).toMatchObject([
    {
      event: 'issues',
      action: 'opened',
      status_code: 500,
      status: 'Invalid HTTP Response: 500',
      redelivery: false,
    },
  ])
  const delivery_id = failed.data[0]?.id ?? 0
  const detail = await appJwt.rest.apps.getWebhookDelivery({ delivery_id })
  expect(detail.data.request.payload).toMatchObject({ action: 'opened', issue: { title: 'Hi' } })
  const { status } = await appJwt.rest.apps.redeliverWebhookDelivery({ delivery_id })
  expect(status).toBe(202)
  await github.flushWebhooks()
  expect(received.map(({ guid, signed }) => [guid, signed])).toEqual([
    [received[0]?.guid, true],
    [received[0]?.guid, true],
  ])
  const all = await appJwt.rest.apps.listWebhookDeliveries({ per_page: 1 })
  expect(all.data).toMatchObject([{ guid: received[0]?.guid, redelivery: true, status: 'OK' }])
  const cursor = /cursor=([^&>]+)/.exec(all.headers.link ?? '')?.[1] ?? ''
  const next = await appJwt.rest.apps.listWebhookDeliveries({ per_page: 1, cursor })
  expect(next.data).toMatchObject([{ id: delivery_id }])
})

test('deliveries keep the order of the events when they go well', async () => {
  await using world = await openWorld()
  const { github, owner, received, repo } = world
  for (let n = 1; n <= 10; n += 1) await owner.rest.issues.create({ ...repo, title: `${n}` })
  await github.flushWebhooks()
  const numbers = received.map(({ payload }) => (payload.issue as { number: number }).number)
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('deliveries are duplicated, dropped, swapped and delayed when such faults are armed', async () => {
  await using world = await openWorld()
  const { appJwt, github, owner, received, repo } = world
  const open = (title: string) => owner.rest.issues.create({ ...repo, title })
  const fault = (effect: 'duplicate' | 'drop' | 'reorder' | { delayMs: number }) =>
    github.faults.add({ kind: 'webhook', event: 'issues', action: 'opened', effect })
  fault('duplicate')
  await open('twice')
  fault('drop')
  await open('lost')
  fault('reorder')
  await open('second')
  await open('first')
  fault({ delayMs: 50 })
  await open('late')
  await open('early')
  await github.flushWebhooks()
  const titles = received.map(({ payload }) => (payload.issue as { title: string }).title)
  expect(titles).toEqual(['twice', 'twice', 'first', 'second', 'early', 'late'])
  expect(received[0]?.guid).toBe(received[1]?.guid)
  const failed = await appJwt.rest.apps.listWebhookDeliveries({ status: 'failure' })
  expect(failed.data).toMatchObject([
    { event: 'issues', status: 'failed to connect to host', status_code: 0 },
  ])
})

test('the organization is named in the payload when it owns the repository', async () => {
  await using world = await openWorld()
  const { github, received } = world
  github.createOrganization('acme')
  await github.createRepository({ owner: 'acme', name: 'tools', files: { a: '1' } })
  await github.install(['acme/tools'])
  github.setRole('acme/tools', 'octo', 'admin')
  await world.owner.rest.issues.create({ owner: 'acme', repo: 'tools', title: 'Hi' })
  await github.flushWebhooks()
  expect(received.at(-1)?.payload).toMatchObject({
    organization: { login: 'acme' },
    repository: { owner: { type: 'Organization' } },
  })
})

test('nothing is delivered when the app is not installed or has no webhook', async () => {
  await using world = await openWorld()
  const { github, owner, repo } = world
  await github.createRepository({ owner: 'octo', name: 'apart', files: { a: '1' } })
  await owner.rest.issues.create({ owner: 'octo', repo: 'apart', title: 'Hi' })
  github.setWebhook(null)
  await owner.rest.issues.create({ ...repo, title: 'Hi' })
  await github.flushWebhooks()
  expect(world.received).toEqual([])
})

const planted = /issues-opened \/repository\/description must be string,null/

/** A repository whose description is a number: everything that happens there is told with it. */
async function plantInvalid({ github, owner }: World): Promise<void> {
  const description = 7 as unknown as string
  await github.createRepository({ owner: 'octo', name: 'odd', description, files: { a: '1' } })
  await github.install(['octo/odd'])
  await owner.rest.issues.create({ owner: 'octo', repo: 'odd', title: 'Hi' })
}

test('flushing rejects with the reason when a payload is not what GitHub describes', async () => {
  await using world = await openWorld()
  await plantInvalid(world)
  await expect(world.github.flushWebhooks()).rejects.toThrow(planted)
  for (const delivery of world.github.deliveries()) delivery.schemaErrors = []
})

test('stopping rejects with the reason when a test has never looked at an invalid payload', async () => {
  const world = await openWorld()
  await plantInvalid(world)
  await expect(world[Symbol.asyncDispose]()).rejects.toThrow(planted)
})

test('stopping rejects with the reason when an invalid payload was never delivered', async () => {
  const world = await openWorld()
  world.github.faults.add({ kind: 'webhook', effect: 'drop', times: 100 })
  await plantInvalid(world)
  await expect(world[Symbol.asyncDispose]()).rejects.toThrow(planted)
})

test('every emitted event has its name once', () => {
  expect(new Set(emittedWebhooks).size).toBe(emittedWebhooks.length)
})
