import { startApi } from '../../src/api/server.ts'
import { migrate } from '../../src/db/migrator.ts'
import { openNotifications } from '../../src/db/notifications.ts'
import { openDatabase } from '../../src/db/pool.ts'
import { DELIVERY_CHANNEL } from '../../src/db/repositories/webhook-deliveries.ts'
import { Lifecycle } from '../../src/runtime/lifecycle.ts'
import { createLogger, type Logger } from '../../src/runtime/logger.ts'
import { createReceiver } from '../../src/webhooks/receive.ts'
import { type DeliveryHandler, DeliveryWorker } from '../../src/webhooks/worker.ts'
import { serveParent } from './child.ts'
import { watchDeliveries } from './watch-deliveries.ts'

export interface DoorInput {
  databaseUrl: string
  secret: string
  /** True: stored deliveries are handled, by a handler that does nothing. False: they stay where they are. */
  works: boolean
  /** True: keeps when each delivery was answered, and when its handler began. */
  watches: boolean
}

/** The webhook door of our server with all that stands behind it, and nothing else: composed as in `main.ts`. */
async function openDoor({ databaseUrl, secret, works }: DoorInput, handle: DeliveryHandler, logger: Logger) {
  const lifecycle = new Lifecycle(logger)
  const { db, pool, close } = openDatabase(databaseUrl, { max: 20, logger })
  lifecycle.add({ name: 'database', stop: close })
  await migrate(db)
  const notifications = await openNotifications({ url: databaseUrl, pool, logger })
  lifecycle.add({ name: 'notifications', stop: () => notifications.close() })
  const onMore = (): void => notifications.publish(DELIVERY_CHANNEL, '')
  const worker = works ? lifecycle.add(new DeliveryWorker({ db, pool, handle, logger, onMore })) : null
  const webhook = createReceiver({
    pool,
    secrets: [secret],
    logger,
    // with nobody here who works, as when this worker is full
    onStored: () => (worker === null ? onMore() : worker.stored()),
  })
  await notifications.subscribe(DELIVERY_CHANNEL, async () => worker?.wake())
  const doors = {
    webhook,
    git: async () => false,
    socket: () => {},
    closeSockets: async () => {},
    routes: [],
  }
  const api = lifecycle.add(await startApi(doors, '127.0.0.1', 0, logger))
  return { port: api.port, stop: () => lifecycle.stop() }
}

function doorApi(port: number, watched: ReturnType<typeof watchDeliveries> | null) {
  return {
    describe: () => ({ port, pid: process.pid }),
    /** Since the last call. Throws when nobody asked to watch. */
    times: () => {
      if (watched === null) throw new Error('this door does not watch its deliveries')
      return watched.take()
    },
  }
}
export type DoorApi = ReturnType<typeof doorApi>

serveParent<DoorInput, DoorApi>(async (input) => {
  const watched = input.watches ? watchDeliveries() : null
  const handle: DeliveryHandler = async ({ id }) => watched?.start(id)
  const door = await openDoor(input, handle, createLogger('warn'))
  return { api: doorApi(door.port, watched), stop: door.stop }
})
