import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { serveParent } from './child.ts'
import { DeliveryClient, type Shot } from './delivery-client.ts'
import { machineNow as now } from './watch-deliveries.ts'

/** What a closed loop did: each connection posts its next delivery when the last one is answered. */
export interface Load {
  /** Answered with 2xx within the measured time. */
  accepted: number
  /** Answered with anything else, or not at all. */
  refused: number
  elapsedMs: number
  /** Processor time of the load itself, which must not be what is measured. */
  cpuMs: number
  /** Ids of all that were accepted, the ones before the measured time included; empty unless asked for. */
  ids: string[]
}

/** One delivery of an open loop; times in milliseconds of `machineNow`. */
export interface Posted {
  id: string
  /** When it was to be sent, whether or not earlier ones were answered. */
  due: number
  sent: number
  answered: number
  status: number
}

function loadApi() {
  return {
    /** Loads for `ms`, after `warmUpMs` that do not count. Ends early when every connection is lost. */
    async closedLoop(
      shot: Shot,
      options: { connections: number; warmUpMs: number; ms: number; keepIds?: boolean },
    ): Promise<Load> {
      const clients = await Promise.all(
        Array.from({ length: options.connections }, () => DeliveryClient.open(shot)),
      )
      const load: Load = { accepted: 0, refused: 0, elapsedMs: 0, cpuMs: 0, ids: [] }
      const start = now() + options.warmUpMs
      const end = start + options.ms
      let cpu: NodeJS.CpuUsage | null = null
      const loops = clients.map(
        (client) =>
          new Promise<void>((resolve) => {
            const next = (): void => {
              const id = randomUUID()
              client.post(id, (status) => {
                const at = now()
                const isAccepted = status >= 200 && status < 300
                if (isAccepted && options.keepIds) load.ids.push(id)
                if (at >= start) {
                  cpu ??= process.cpuUsage()
                  if (at <= end) load[isAccepted ? 'accepted' : 'refused'] += 1
                }
                if (at > end || client.lost) resolve()
                else next()
              })
            }
            next()
          }),
      )
      await Promise.all(loops)
      for (const client of clients) client.close()
      const { user, system } = process.cpuUsage(cpu ?? undefined)
      return { ...load, elapsedMs: options.ms, cpuMs: (user + system) / 1000 }
    },

    /**
     * Sends by the clock, whether or not earlier deliveries are answered; a free connection is taken, else one more
     * opened. The first `warmUp` are not in the answer.
     */
    async openLoop(
      shot: Shot,
      options: { perSecond: number; count: number; warmUp: number },
    ): Promise<Posted[]> {
      const free: DeliveryClient[] = await Promise.all(
        Array.from({ length: 16 }, () => DeliveryClient.open(shot)),
      )
      const all = new Set(free)
      const post = async (due: number): Promise<Posted> => {
        const client = free.pop() ?? (await DeliveryClient.open(shot))
        all.add(client)
        const id = randomUUID()
        const sent = now()
        return new Promise((resolve) => {
          client.post(id, (status) => {
            free.push(client)
            resolve({ id, due, sent, answered: now(), status })
          })
        })
      }
      const start = now()
      const posted: Promise<Posted>[] = []
      while (posted.length < options.warmUp + options.count) {
        const due = start + (posted.length * 1000) / options.perSecond
        // what is due already is sent now: a delay of this process is not the server's, and is in `sent - due`
        while (due > now()) await delay(Math.ceil(due - now()))
        posted.push(post(due))
      }
      const done = await Promise.all(posted)
      for (const client of all) client.close()
      return done.slice(options.warmUp)
    },
  }
}
export type LoadApi = ReturnType<typeof loadApi>

serveParent<object, LoadApi>(async () => ({ api: loadApi(), stop: async () => {} }))
