import { Router } from 'express'

/** `GET /healthz`: the process answers. `GET /readyz`: it can do its work (database reached, migrations done). */
export function healthRoutes(checks: Record<string, () => Promise<string | null>>): Router {
  const router = Router()
  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' })
  })
  router.get('/readyz', async (_req, res) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const problem = await check().catch((error: unknown) => String(error))
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
