import type { Transaction } from 'kysely'
import { fromKysely, PgBoss } from 'pg-boss'
import type { Database } from '../db/schema.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import type { Logger } from '../runtime/logger.ts'
import { type JobKind, type JobPayload, jobCatalog, jobKinds } from './catalog.ts'

/** Enqueues inside a transaction: the job exists exactly when the change does. */
export type Enqueue = <Kind extends JobKind>(
  trx: Transaction<Database>,
  kind: Kind,
  payload: JobPayload<Kind>,
  options?: { delaySeconds?: number },
) => Promise<void>

export type JobHandler<Kind extends JobKind> = (payload: JobPayload<Kind>, job: RunningJob) => Promise<void>

/** What a handler may know of its run. */
export interface RunningJob {
  /** Aborted when the queue stops or the job's time is over. */
  signal: AbortSignal
}

/** Thrown by a handler to be run again at a given time, without counting as a failure. */
export class Postponed extends Error {
  readonly until: Date

  constructor(until: Date, reason: string) {
    super(reason)
    this.until = until
  }
}

/** The job engine over pg-boss. */
export interface Queue {
  readonly name: string
  readonly enqueue: Enqueue
  /** Runs jobs of a kind in this process until `stop`. */
  work<Kind extends JobKind>(kind: Kind, handler: JobHandler<Kind>): Promise<void>
  stop(): Promise<void>
}

const JOB_SECONDS = 120
const LONGEST_DELAY_SECONDS = 300
const KEEP_SECONDS = 24 * 3600
/** A worker that died is noticed after its heartbeat (20 s) and at most this time. */
const SUPERVISE_SECONDS = 10

/**
 * Starts the job engine.
 * @param url a direct connection: LISTEN does not work behind a transaction pooler
 * @param superviseSeconds how often jobs of dead workers are looked for
 */
export async function openQueue(
  url: string,
  logger: Logger,
  superviseSeconds = SUPERVISE_SECONDS,
): Promise<Queue> {
  const boss = await startBoss(url, logger, superviseSeconds)
  return {
    name: 'queue',
    async enqueue(trx, kind, payload, options = {}) {
      const data = jobCatalog[kind].payload.parse(payload)
      await boss.send(kind, data, {
        // pg-boss reads its own column names: no camel case here
        db: fromKysely(trx.withoutPlugins() as unknown as Parameters<typeof fromKysely>[0]),
        ...(options.delaySeconds ? { startAfter: options.delaySeconds } : {}),
      })
    },
    work: (kind, handler) => work(boss, kind, handler, logger),
    async stop() {
      await boss.stop({ graceful: true, timeout: 5_000, close: true })
    },
  }
}

async function startBoss(url: string, logger: Logger, superviseSeconds: number): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: url,
    application_name: 'mission-control-queue',
    max: 4,
    useListenNotify: true,
    schedule: false,
    supervise: true,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
  })
  boss.on('error', (error) => logger.error({ err: error }, 'queue error'))
  boss.on('warning', (warning) => logger.warn({ warning }, 'queue warning'))
  await boss.start()
  const existing = new Set((await boss.getQueues()).map((queue) => queue.name))
  for (const kind of jobKinds) {
    if (existing.has(kind)) await boss.updateQueue(kind, optionsOf(kind))
    else await boss.createQueue(kind, optionsOf(kind))
  }
  return boss
}

function optionsOf(kind: JobKind) {
  const { retryLimit, retryDelay } = jobCatalog[kind]
  return {
    notify: true,
    retryLimit,
    retryDelay,
    retryBackoff: true,
    retryDelayMax: LONGEST_DELAY_SECONDS,
    expireInSeconds: JOB_SECONDS,
    heartbeatSeconds: 20,
    deleteAfterSeconds: KEEP_SECONDS,
  }
}

/** Fetches in batches and settles each job on its own: the defaults are poll-bound at 20 jobs/s. */
async function work<Kind extends JobKind>(
  boss: PgBoss,
  kind: Kind,
  handler: JobHandler<Kind>,
  logger: Logger,
): Promise<void> {
  const { payload: schema, concurrency } = jobCatalog[kind]
  const options = {
    batchSize: 10,
    localConcurrency: concurrency,
    pollingIntervalSeconds: 1,
    notifyPollingIntervalSeconds: 2,
    burstWhenBatchFull: true,
    perJobResults: true,
  } as const
  const run = async (job: PgBossJob): Promise<void> => {
    try {
      crashPoint('before', `job ${kind}`)
      await handler(schema.parse(job.data) as JobPayload<Kind>, { signal: job.signal })
      crashPoint('after', `job ${kind}`)
    } catch (error) {
      if (!(error instanceof Postponed)) throw error
      // sent before this one is completed: a crash in between runs it twice, never not at all
      await boss.send(kind, job.data, { startAfter: error.until })
      logger.info({ kind, data: job.data, until: error.until, reason: error.message }, 'job postponed')
    }
  }
  await boss.work<object, void, typeof options>(kind, options, (jobs) =>
    Promise.all(
      jobs.map(async (job) => {
        try {
          await run(job)
          return { id: job.id, status: 'completed' as const }
        } catch (error) {
          logger.error({ err: error, kind, data: job.data, retry: job.retryCount }, 'job failed')
          return { id: job.id, status: 'failed' as const, output: { message: String(error) } }
        }
      }),
    ),
  )
}

/** What we use of a job that pg-boss hands out. */
interface PgBossJob {
  data: object
  signal: AbortSignal
}
