import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGatewayPort } from './api/gateway-port.ts'
import { createGitGateway } from './api/git-gateway/gateway.ts'
import { healthRoutes } from './api/routes/health.ts'
import { sessionRoutes } from './api/routes/sessions.ts'
import { startApi } from './api/server.ts'
import { WebSocketChannel } from './channels/websocket.ts'
import type { Config } from './config.ts'
import { startEmbeddedPostgres } from './db/embedded/embedded-postgres.ts'
import { migrate, pendingMigrations } from './db/migrator.ts'
import { openNotifications } from './db/notifications.ts'
import { openDatabase } from './db/pool.ts'
import { deleteConnectionsOf } from './db/repositories/connections.ts'
import { blockInstallation, installationBlockedUntil } from './db/repositories/projects.ts'
import { DELIVERY_CHANNEL } from './db/repositories/webhook-deliveries.ts'
import { openMirrors } from './git/mirror.ts'
import { createGitHub } from './github/github.ts'
import type { CallRecord } from './github/transport.ts'
import { startReconcilers } from './jobs/reconcilers/reconciler.ts'
import { reconcilers } from './jobs/reconcilers/registry.ts'
import { startJobs } from './jobs/registry.ts'
import { CHANNELS, type Orchestrator } from './orchestrator/orchestrator.ts'
import { openQueue } from './queue/queue.ts'
import { systemClock } from './runtime/clock.ts'
import { createServerKeys } from './runtime/keys.ts'
import { Lifecycle } from './runtime/lifecycle.ts'
import type { Logger } from './runtime/logger.ts'
import { createDeliveryHandler } from './webhooks/app.ts'
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
  const store = await openStore(config, logger, lifecycle)
  const { pool, db, close } = openDatabase(store.url, { max: 20, logger })
  lifecycle.add({ name: 'database', stop: close })
  const direct = store.direct === store.url ? db : openDatabase(store.direct, { max: 2, logger }).db
  if (direct !== db) lifecycle.add({ name: 'direct database', stop: () => direct.destroy() })
  await migrate(direct)

  const [queue, notifications, mirrors, serverKey] = await Promise.all([
    openQueue(store.direct, logger),
    openNotifications({ url: store.direct, pool, logger }),
    openMirrors({ root: join(config.dataDir, 'mirrors') }),
    config.serverKey ?? keptServerKey(config.dataDir),
  ])
  lifecycle.add({ name: 'notifications', stop: () => notifications.close() })
  lifecycle.add(queue)

  const replicaId = randomUUID()
  lifecycle.add({ name: 'connections', stop: () => deleteConnectionsOf(db, replicaId) })
  const publicUrl = { value: config.publicUrl }
  const orchestrator: Orchestrator = {
    db,
    clock: systemClock,
    keys: createServerKeys(serverKey),
    policy: config.policy,
    get publicUrl() {
      if (publicUrl.value === null) throw new Error('the server does not listen yet')
      return publicUrl.value
    },
    githubUrl: config.github.url,
    enqueue: queue.enqueue,
    notify: (channel, payload) => notifications.publish(channel, payload),
    random: Math.random,
  }
  const github = createGitHub({
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

  const channel = new WebSocketChannel(orchestrator, replicaId, logger)
  lifecycle.add(channel)
  const handle = await createDeliveryHandler(
    { orchestrator, github, logger },
    {
      appId: config.github.appId,
      privateKey: config.github.privateKey,
      webhookSecret: config.github.webhookSecrets[0],
      apiUrl: config.github.apiUrl,
    },
  )
  const worker = lifecycle.add(new DeliveryWorker({ db, pool, handle, logger }))
  const api = lifecycle.add(
    await startApi(
      {
        webhook: createReceiver({
          pool,
          secrets: config.github.webhookSecrets,
          logger,
          onStored: () => {
            worker.wake()
            notifications.publish(DELIVERY_CHANNEL, '')
          },
        }),
        git: createGitGateway({ port: createGatewayPort(orchestrator, github, mirrors), mirrors, logger }),
        socket: (req, socket, head) => channel.upgrade(req, socket, head),
        routes: [
          healthRoutes({
            database: async () =>
              (await pendingMigrations(db)).length === 0 ? null : 'migrations are pending',
          }),
          sessionRoutes(orchestrator),
        ],
      },
      config.host,
      config.port,
      logger,
    ),
  )
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${api.port}`
  publicUrl.value ??= url

  const deliver = (payload: string): Promise<void> => channel.deliver(Number(payload))
  await notifications.subscribe(CHANNELS.assignment, deliver)
  await notifications.subscribe(CHANNELS.stop, deliver)
  await notifications.subscribe(DELIVERY_CHANNEL, async () => worker.wake())
  notifications.onReconnect(async () => {
    worker.wake()
    await channel.deliverAll()
  })
  const jobs = { orchestrator, github, mirrors, logger }
  await startJobs(queue, jobs)
  lifecycle.add(startReconcilers(reconcilers(jobs, config.reconcileSeconds), logger))
  worker.wake()
  logger.info({ url, publicUrl: publicUrl.value }, 'ready')
  return { url, databaseUrl: store.url, stop: () => lifecycle.stop() }
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
