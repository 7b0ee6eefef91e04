import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import { createGatewayPort } from './api/gateway-port.ts'
import { createGitGateway } from './api/git-gateway/gateway.ts'
import { healthRoutes } from './api/routes/health.ts'
import { sessionRoutes } from './api/routes/sessions.ts'
import { type Doors, startApi } from './api/server.ts'
import { WebSocketChannel } from './channels/websocket.ts'
import type { Config } from './config.ts'
import { startEmbeddedPostgres } from './db/embedded/embedded-postgres.ts'
import { migrate, pendingMigrations } from './db/migrator.ts'
import { type Notifications, openNotifications } from './db/notifications.ts'
import { openDatabase } from './db/pool.ts'
import { deleteConnectionsOf } from './db/repositories/connections.ts'
import { blockInstallation, installationBlockedUntil } from './db/repositories/projects.ts'
import { DELIVERY_CHANNEL } from './db/repositories/webhook-deliveries.ts'
import type { Database } from './db/schema.ts'
import { type Mirrors, openMirrors } from './git/mirror.ts'
import { createGitHub, type GitHub } from './github/github.ts'
import type { CallRecord } from './github/transport.ts'
import { startReconcilers } from './jobs/reconcilers/reconciler.ts'
import { reconcilers } from './jobs/reconcilers/registry.ts'
import { startJobs } from './jobs/registry.ts'
import { CHANNELS, type Orchestrator } from './orchestrator/orchestrator.ts'
import { openQueue, type Queue } from './queue/queue.ts'
import { systemClock } from './runtime/clock.ts'
import { createServerKeys } from './runtime/keys.ts'
import { Lifecycle } from './runtime/lifecycle.ts'
import type { Logger } from './runtime/logger.ts'
import { createDeliveryHandler, type ProbotCredentials } from './webhooks/app.ts'
import { createReceiver } from './webhooks/receive.ts'
import { DeliveryWorker } from './webhooks/worker.ts'

/** A running server. */
export interface RunningServer {
  /** Where it listens, without a slash at the end. */
  readonly url: string
  readonly databaseUrl: string
  stop(): Promise<void>
}

export interface ServerHooks {
  /** Told of every request to GitHub's API that this process makes. */
  onGitHubCall?: (record: CallRecord) => void
}

/** The composition root: starts every part in order, and stops them in reverse. A failed start leaves nothing behind. */
export async function startServer(
  config: Config,
  logger: Logger,
  hooks: ServerHooks = {},
): Promise<RunningServer> {
  const lifecycle = new Lifecycle(logger)
  try {
    return await start(config, logger, hooks, lifecycle)
  } catch (error) {
    await lifecycle.stop()
    throw error
  }
}

/** The address of the database: the configured one, or that of the embedded PostgreSQL, which is started. */
export async function openStore(
  config: Pick<Config, 'databaseUrl' | 'databaseUrlDirect' | 'dataDir'>,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<{ url: string; direct: string }> {
  if (config.databaseUrl !== null) {
    return { url: config.databaseUrl, direct: config.databaseUrlDirect ?? config.databaseUrl }
  }
  const postgres = await startEmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres'), logger })
  lifecycle.add({ name: 'postgres', stop: () => postgres.stop() })
  return { url: postgres.url, direct: postgres.url }
}

async function start(
  config: Config,
  logger: Logger,
  hooks: ServerHooks,
  lifecycle: Lifecycle,
): Promise<RunningServer> {
  const base = await openBase(config, logger, lifecycle)
  const { db, notifications, queue } = base
  const replicaId = randomUUID()
  lifecycle.add({ name: 'connections', stop: () => deleteConnectionsOf(db, replicaId) })
  const address = { publicUrl: config.publicUrl }
  const orchestrator = createOrchestrator(config, base, address)
  const github = createGitHubRoom(config, db, logger, hooks)
  const channel = lifecycle.add(new WebSocketChannel(orchestrator, replicaId, logger))
  const handle = await createDeliveryHandler({ orchestrator, github, logger }, probotCredentials(config))
  const onMore = (): void => notifications.publish(DELIVERY_CHANNEL, '')
  const worker = lifecycle.add(new DeliveryWorker({ db, pool: base.pool, handle, logger, onMore }))
  const rooms = { config, base, orchestrator, github, channel, worker, logger }
  const api = lifecycle.add(await startApi(openDoors(rooms), config.host, config.port, logger))
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${api.port}`
  address.publicUrl ??= url
  await listen(rooms)
  const jobs = { orchestrator, github, mirrors: base.mirrors, logger }
  await startJobs(queue, jobs)
  lifecycle.add(startReconcilers(reconcilers(jobs, config.reconcileSeconds), logger))
  worker.wake()
  notifications.onReconnect(async () => {
    worker.wake()
    await channel.deliverAll()
  })
  logger.info({ url, publicUrl: address.publicUrl }, 'ready')
  return { url, databaseUrl: base.databaseUrl, stop: () => lifecycle.stop() }
}

/** What everything else stands on: database, queue, notifications, mirrors, the server key. */
interface Base {
  databaseUrl: string
  pool: Pool
  db: Kysely<Database>
  queue: Queue
  notifications: Notifications
  mirrors: Mirrors
  serverKey: string
}

async function openBase(config: Config, logger: Logger, lifecycle: Lifecycle): Promise<Base> {
  const store = await openStore(config, logger, lifecycle)
  // another address for direct connections says that this one is a pooler
  const prepare = store.url === store.direct
  const { pool, db, close } = openDatabase(store.url, { max: 20, logger, prepare })
  lifecycle.add({ name: 'database', stop: close })
  await migrateOver(store.direct, logger)
  const notifications = await openNotifications({ url: store.direct, pool, logger })
  lifecycle.add({ name: 'notifications', stop: () => notifications.close() })
  const queue = lifecycle.add(await openQueue(store.direct, logger))
  const [mirrors, serverKey] = await Promise.all([
    openMirrors({ root: join(config.dataDir, 'mirrors') }),
    config.serverKey ?? keptServerKey(config.dataDir),
  ])
  return { databaseUrl: store.url, pool, db, queue, notifications, mirrors, serverKey }
}

/** Migrates over a direct connection: the migrator's advisory lock does not hold behind a transaction pooler. */
async function migrateOver(url: string, logger: Logger): Promise<void> {
  const { db, close } = openDatabase(url, { max: 1, logger })
  try {
    await migrate(db)
  } finally {
    await close()
  }
}

/** @param address filled in when the server listens; nothing asks for it before */
function createOrchestrator(config: Config, base: Base, address: { publicUrl: string | null }): Orchestrator {
  return {
    db: base.db,
    clock: systemClock,
    keys: createServerKeys(base.serverKey),
    policy: config.policy,
    get publicUrl() {
      if (address.publicUrl === null) throw new Error('the server does not listen yet')
      return address.publicUrl
    },
    githubUrl: config.github.url,
    enqueue: base.queue.enqueue,
    notify: (channel, payload) => base.notifications.publish(channel, payload),
    random: Math.random,
  }
}

function createGitHubRoom(config: Config, db: Kysely<Database>, logger: Logger, hooks: ServerHooks): GitHub {
  return createGitHub({
    appId: config.github.appId,
    privateKey: config.github.privateKey,
    apiUrl: config.github.apiUrl,
    gitUrl: config.github.url,
    limits: {
      blockedUntil: (installationId) => installationBlockedUntil(db, installationId),
      block: (installationId, until) => blockInstallation(db, installationId, until),
    },
    logger,
    ...(hooks.onGitHubCall ? { onCall: hooks.onGitHubCall } : {}),
  })
}

function probotCredentials(config: Config): ProbotCredentials {
  const { appId, privateKey, webhookSecrets, apiUrl } = config.github
  return { appId, privateKey, webhookSecret: webhookSecrets[0], apiUrl }
}

/** The parts that meet at the doors. */
interface Rooms {
  config: Config
  base: Base
  orchestrator: Orchestrator
  github: GitHub
  channel: WebSocketChannel
  worker: DeliveryWorker
  logger: Logger
}

function openDoors({ config, base, orchestrator, github, channel, worker, logger }: Rooms): Doors {
  const { pool, db, mirrors } = base
  return {
    webhook: createReceiver({
      pool,
      secrets: config.github.webhookSecrets,
      logger,
      onStored: () => worker.stored(),
    }),
    git: createGitGateway({ port: createGatewayPort(orchestrator, github, mirrors), mirrors, logger }),
    socket: (req, socket, head) => channel.upgrade(req, socket, head),
    closeSockets: () => channel.stop(),
    routes: [
      healthRoutes(
        {
          database: async () =>
            (await pendingMigrations(db)).length === 0 ? null : 'migrations are pending',
        },
        logger,
      ),
      sessionRoutes(orchestrator),
    ],
  }
}

/** One after another: they share the listening connection. */
async function listen({ base: { notifications }, channel, worker }: Rooms): Promise<void> {
  const deliver = (payload: string): Promise<void> => channel.deliver(Number(payload))
  await notifications.subscribe(CHANNELS.assignment, deliver)
  await notifications.subscribe(CHANNELS.stop, deliver)
  await notifications.subscribe(DELIVERY_CHANNEL, async () => worker.wake())
}

/** The key that session tokens are made with, made at the first start. Replicas need a common one: MISSION_CONTROL_KEY. */
async function keptServerKey(dataDir: string): Promise<string> {
  const file = join(dataDir, 'server-key')
  await mkdir(dataDir, { recursive: true })
  try {
    // `wx`: of two first starts one writes it, the other reads it
    await writeFile(file, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 })
    await chmod(file, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const key = (await readFile(file, 'utf8')).trim()
  if (key.length < 32) throw new Error(`${file} is damaged: remove it, or set MISSION_CONTROL_KEY`)
  return key
}
