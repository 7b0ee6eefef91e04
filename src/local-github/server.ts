import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Background } from './background.ts'
import { type Controls, createControls } from './controls.ts'
import { createDispatch } from './dispatch.ts'
import { type Fault, Faults } from './faults.ts'
import { openGitHost } from './git/host.ts'
import { githubLimits, LimitCounters, type Limits } from './limits.ts'
import { defaultAppPermissions } from './permissions.ts'
import { type AppKeys, makeKeys, registerApp } from './registration.ts'
import type { RequestRecord } from './requests.ts'
import type { RestContext } from './rest/call.ts'
import { apiBase } from './rest/renamed.ts'
import type { DeliveryRecord } from './store/delivery.ts'
import type { Permissions } from './store/installation.ts'
import { createStore } from './store/store.ts'
import { Courier } from './webhooks/courier.ts'
import { createEmitter } from './webhooks/emitter.ts'
import { announcePing } from './webhooks/ping.ts'
import { webhookProblems } from './webhooks/schema-check.ts'

export interface LocalGitHubOptions {
  /** 0, any free port, when left out. */
  port?: number
  /** Directory for the git repositories; a fresh temporary one, removed by `stop`, when left out. */
  root?: string
  /** Life of an installation token; an hour when left out. */
  accessTokenSeconds?: number
  /** What the app asks for at every installation. */
  appPermissions?: Permissions
  limits?: Partial<Limits>
  /** Answers 500 with the reason when an answer of ours is not what GitHub describes. For tests. */
  checkResponses?: boolean
  /** `flushWebhooks` and `stop` reject when a payload was not what GitHub describes; true when left out. */
  checkWebhooks?: boolean
  /** True refuses to start: this server knows no passwords. */
  production?: boolean
  now?: () => Date
  /** Where failures of this server itself go; they are collected and thrown by `stop` when left out. */
  onError?: (error: unknown) => void
}

export interface LocalGitHub extends Controls {
  url: string
  apiUrl: string
  gitUrl: string
  webUrl: string
  app: {
    id: number
    slug: 'mission-control'
    name: string
    privateKey: string
    webhookSecret: string
    botUserId: number
  }
  /** For `POST` and `DELETE /_local/faults`. */
  adminToken: string
  /** Points the app's webhook somewhere (and pings it), or nowhere. The secret is the app's own when left out. */
  setWebhook(target: { url: string; secret?: string } | null): void
  faults: { add(fault: Fault): number; armed(): number[]; clear(): void }
  /** The last 20,000 requests to the API and to git, oldest first. */
  requests: readonly RequestRecord[]
  deliveries(): DeliveryRecord[]
  /** Resolves when all that has happened is delivered; rejects when a payload was not what GitHub describes. */
  flushWebhooks(): Promise<void>
  /** Rejects when something failed in the background, or when a payload was not what GitHub describes. */
  stop(): Promise<void>
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Parts {
  context: RestContext
  faults: Faults
  keys: AppKeys
  hookId: number
}

async function assemble(options: LocalGitHubOptions, root: string, url: string): Promise<Parts> {
  const now = options.now ?? (() => new Date())
  const store = createStore()
  const keys = await makeKeys()
  const app = registerApp(store, now())
  const hookId = store.ids.next()
  const faults = new Faults(() => store.tokens.expireInstallationTokens(now()))
  const courier = new Courier({ appId: app.id, hookId, deliveries: store.deliveries, faults, now })
  const context: RestContext = {
    app,
    addresses: { url, apiUrl: url + apiBase },
    store,
    git: openGitHost(root),
    webhooks: createEmitter(() => context, courier),
    now,
    courier,
    counters: new LimitCounters({ ...githubLimits, ...options.limits }, now),
    appPermissions: options.appPermissions ?? defaultAppPermissions,
    accessTokenSeconds: options.accessTokenSeconds ?? 3_600,
  }
  return { context, faults, keys, hookId }
}

/**
 * Starts the stand-in GitHub on 127.0.0.1: REST below `/api/v3`, git at `/owner/repo.git`, pages at `/`. All state but
 * git's is in memory and gone with `stop`. Throws when `production` is true or the port is taken.
 */
export async function startLocalGitHub(options: LocalGitHubOptions = {}): Promise<LocalGitHub> {
  if (options.production)
    throw new Error('The local GitHub does not run in production: anybody may be anybody.')
  // Node's 5 s end connections that a client is about to use again
  const server = createServer({ keepAliveTimeout: 72_000 })
  const url = await listen(server, options.port ?? 0)
  const root = options.root ?? (await mkdtemp(path.join(tmpdir(), 'local-github-')))
  const parts = await assemble(options, root, url)
  const background = new Background(options.onError)
  const requests: RequestRecord[] = []
  const adminToken = randomBytes(20).toString('hex')
  server.on(
    'request',
    createDispatch({
      ...parts,
      publicKey: parts.keys.publicKey,
      requests,
      adminToken,
      background,
      checkResponses: options.checkResponses ?? false,
    }),
  )
  const { context, faults, keys, hookId } = parts
  return {
    ...createControls(context, context.appPermissions),
    url,
    apiUrl: context.addresses.apiUrl,
    gitUrl: url,
    webUrl: url,
    app: {
      id: context.app.id,
      slug: context.app.slug,
      name: context.app.name,
      privateKey: keys.privateKey,
      webhookSecret: keys.webhookSecret,
      botUserId: context.app.bot.id,
    },
    adminToken,
    setWebhook(target) {
      context.courier.target = target && { url: target.url, secret: target.secret ?? keys.webhookSecret }
      if (target) announcePing(context, hookId, target.url)
    },
    faults: { add: (fault) => faults.add(fault), armed: () => faults.armed(), clear: () => faults.clear() },
    requests,
    deliveries: () => context.store.deliveries.all(),
    flushWebhooks: () => flush(context, background, options.checkWebhooks ?? true),
    async stop() {
      context.courier.stop()
      await close(server)
      await background.settle()
      await context.courier.flush()
      if (!options.root) await rm(root, { recursive: true, force: true, maxRetries: 3 })
      background.throwFailures()
      if (options.checkWebhooks ?? true) checkPayloads(context)
    },
  }
}

async function flush(context: RestContext, background: Background, check: boolean): Promise<void> {
  await background.settle()
  await context.courier.flush()
  if (check) checkPayloads(context)
}

/** Throws when a payload, sent or dropped, was not what GitHub describes. */
function checkPayloads(context: RestContext): void {
  const problems = context.store.deliveries.all().flatMap(problemsOf)
  if (problems.length > 0)
    throw new Error(`Webhook payloads are not what GitHub describes:\n${[...new Set(problems)].join('\n')}`)
}

/** Checked here and not when it is sent: compiling the description of an event would block the server for 100 ms. */
function problemsOf(delivery: DeliveryRecord): string[] {
  delivery.schemaErrors ??= webhookProblems(delivery.event, delivery.action, JSON.parse(delivery.payload))
  return delivery.schemaErrors
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
  })
  server.closeAllConnections()
  await closed
}
