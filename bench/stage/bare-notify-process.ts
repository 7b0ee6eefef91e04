import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { serveParent } from './child.ts'
import { type DeliveryTimes, watchDeliveries } from './watch-deliveries.ts'

/**
 * The least that handing work on through PostgreSQL could be: each webhook is answered, then its id sent by NOTIFY to a
 * connection of the same process that listens. Nothing is checked, stored or taken.
 */
serveParent<{ databaseUrl: string }, BareNotifyApi>(async ({ databaseUrl }) => {
  const watched = watchDeliveries()
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 20 })
  const listener = new pg.Client({ connectionString: databaseUrl })
  await listener.connect()
  listener.on('notification', ({ payload }) => watched.start(payload ?? ''))
  await listener.query('listen bare')
  const problems: string[] = []
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      response.writeHead(202, { 'content-length': 0 }).end()
      pool
        .query({
          name: 'notify',
          text: `select pg_notify('bare', $1)`,
          values: [request.headers['x-github-delivery']],
        })
        .catch((error: unknown) => problems.push(String(error)))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    api: {
      port: () => (server.address() as AddressInfo).port,
      times() {
        if (problems.length > 0) throw new Error(problems.join('; '))
        return watched.take()
      },
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await listener.end()
      await pool.end()
    },
  }
})
export type BareNotifyApi = { port(): number; times(): DeliveryTimes }
