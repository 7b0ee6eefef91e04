import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Notifications, openNotifications } from '../../src/db/notifications.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'

let database: TestDatabase
const cleanups: (() => unknown)[] = []
const errors: unknown[] = []
const logger = { info: () => {}, warn: () => {}, error: (fields: unknown) => void errors.push(fields) }

beforeAll(async () => {
  database = await createTestDatabase({ migrated: false, max: 4 })
})
afterAll(() => database.drop())
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  errors.length = 0
})

async function open(url = database.url, heartbeatMs?: number): Promise<Notifications> {
  const notifications = await openNotifications({
    url,
    pool: database.pool,
    logger,
    ...(heartbeatMs !== undefined && { heartbeatMs }),
  })
  cleanups.push(() => notifications.close())
  return notifications
}

async function inbox(notifications: Notifications, channel: string): Promise<string[]> {
  const received: string[] = []
  await notifications.subscribe(channel, (payload) => void received.push(payload))
  return received
}

function reconnected(notifications: Notifications): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  notifications.onReconnect(resolve)
  return promise
}

describe('a message', () => {
  test('reaches every replica that listens when it is published', async () => {
    const [here, there] = [await open(), await open()]
    const [a, b] = [await inbox(here, 'tasks'), await inbox(there, 'tasks')]
    const elsewhere = await inbox(there, 'Other "channel"')
    here.publish('tasks', '1')
    here.publish('Other "channel"', 'ünï')
    await vi.waitFor(() => expect([a, b, elsewhere]).toEqual([['1'], ['1'], ['ünï']]))
  })

  test('is sent once when it is published many times at once', async () => {
    const notifications = await open()
    const received = await inbox(notifications, 'tasks')
    const queries = vi.spyOn(database.pool, 'query')
    for (let i = 0; i < 300; i++) notifications.publish('tasks', String(i % 3))
    await notifications.flush()
    expect(queries).toHaveBeenCalledTimes(1)
    queries.mockRestore()
    await vi.waitFor(() => expect(received.sort()).toEqual(['0', '1', '2']))
  })

  test('is refused when it is longer than a notification may be', async () => {
    const notifications = await open()
    const received = await inbox(notifications, 'long')
    expect(() => notifications.publish('long', 'é'.repeat(3_951))).toThrow(/7902 bytes is too long/)
    expect(() => notifications.publish('', 'x')).toThrow(RangeError)
    expect(() => notifications.publish('long', 'a\0b')).toThrow(RangeError)
    notifications.publish('long', 'é'.repeat(3_950))
    await vi.waitFor(() => expect(received).toEqual(['é'.repeat(3_950)]))
  })

  test('is logged when it cannot be sent', async () => {
    const notifications = await openNotifications({
      url: database.url,
      pool: Object.assign(Object.create(database.pool), {
        query: () => Promise.reject(new Error('no route')),
      }),
      logger,
    })
    notifications.publish('tasks', '1')
    await notifications.close()
    expect(errors).toEqual([expect.objectContaining({ messages: 1, err: new Error('no route') })])
  })
})

describe('a handler', () => {
  test('is logged and keeps no other from the message when it fails', async () => {
    const notifications = await open()
    await notifications.subscribe('tasks', () => {
      throw new Error('sync')
    })
    await notifications.subscribe('tasks', () => Promise.reject(new Error('async')))
    const received = await inbox(notifications, 'tasks')
    notifications.publish('tasks', '1')
    await vi.waitFor(() => expect(received).toEqual(['1']))
    await vi.waitFor(() => expect(errors).toHaveLength(2))
    expect(errors).toContainEqual({ err: new Error('sync'), channel: 'tasks' })
    expect(errors).toContainEqual({ err: new Error('async'), channel: 'tasks' })
  })

  test('hears nothing more when it has unsubscribed', async () => {
    const notifications = await open()
    const gone: string[] = []
    const unsubscribe = await notifications.subscribe('tasks', (payload) => void gone.push(payload))
    const stays = await inbox(notifications, 'other')
    unsubscribe()
    notifications.publish('tasks', '1')
    notifications.publish('other', '2')
    await vi.waitFor(() => expect(stays).toEqual(['2']))
    expect(gone).toEqual([])
  })
})

describe('the listening connection', () => {
  test('comes back, listens again and says so when its backend is terminated', async () => {
    const notifications = await open()
    const received = await inbox(notifications, 'tasks')
    const back = reconnected(notifications)
    await database.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mission-control notifications' and datname = current_database()",
    )
    await back
    const later = await inbox(notifications, 'later')
    notifications.publish('tasks', 'after')
    notifications.publish('later', 'too')
    await vi.waitFor(() => expect([received, later]).toEqual([['after'], ['too']]))
  })

  test('is replaced when it falls silent without being closed', async () => {
    const { url, silence } = await silentProxy()
    const notifications = await open(url, 50)
    const received = await inbox(notifications, 'tasks')
    const back = reconnected(notifications)
    silence()
    await back
    notifications.publish('tasks', 'after')
    await vi.waitFor(() => expect(received).toEqual(['after']))
  })

  test('refuses to open when the database cannot be reached', async () => {
    const nowhere = new URL(database.url)
    nowhere.port = '1'
    await expect(open(nowhere.href)).rejects.toThrow(/ECONNREFUSED/)
  })

  test('refuses subscriptions when it is closed', async () => {
    const notifications = await open()
    await notifications.close()
    await expect(notifications.subscribe('tasks', () => {})).rejects.toThrow(/closed/)
  })
})

/** A way to the database whose present connections can be made to hang for good. */
async function silentProxy() {
  const url = new URL(database.url)
  const { hostname, port } = url
  const pairs: [Socket, Socket][] = []
  const proxy = createServer((client) => {
    const server = dial(Number(port), hostname)
    for (const socket of [client, server]) socket.on('error', () => socket.destroy())
    client.pipe(server).pipe(client)
    pairs.push([client, server])
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const socket of pairs.flat()) socket.destroy()
    proxy.close()
  })
  url.port = String((proxy.address() as AddressInfo).port)
  const silence = () => {
    for (const [client, server] of pairs) {
      client.unpipe(server)
      server.unpipe(client)
    }
  }
  return { url: url.href, silence }
}
