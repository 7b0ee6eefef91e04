import { Router } from 'express'
import type { Logger } from '../../runtime/logger.ts'

/**
 * `GET /healthz`: the process answers. `GET /readyz`: it can do its work (database reached, migrations done). Anybody
 * may ask: what an error says of hosts and accounts goes to the log alone.
 */
export function healthRoutes(
  checks: Record<string, () => Promise<string | null>>,
  logger: Pick<Logger, 'warn'>,
): Router {
  const router = Router()
  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' })
  })
  router.get('/readyz', async (_req, res) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const problem = await check().catch((error: unknown) => {
          logger.warn({ err: error, check: name }, 'not ready')
          return 'failed; the log says why'
        })
        return [name, problem ?? 'ok'] as const
      }),
    )
    const ready = results.every(([, result]) => result === 'ok')
    res
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ready' : 'not ready', checks: Object.fromEntries(results) })
  })
  return router
}
