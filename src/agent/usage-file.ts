import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { DriverReport } from '../protocol/driver-report.ts'

type UsageFile = { ok: true; report: DriverReport | null } | { ok: false; reason: string }

const LARGEST_BYTES = 1_000_000

/**
 * Reads the report that a program wrote; null when it wrote none. Links and pipes are refused: a link could name a
 * file of the runner, and a pipe would block.
 */
export async function readUsageFile(path: string): Promise<UsageFile> {
  const text = await readSmallFile(path)
  if (text === null) return { ok: true, report: null }
  if (typeof text !== 'string') return { ok: false, reason: text.reason }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    return { ok: false, reason: `it is not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
  const parsed = DriverReport.safeParse(json)
  if (parsed.success) return { ok: true, report: parsed.data }
  const issues = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the report'}: ${issue.message}`,
  )
  return { ok: false, reason: issues.join('; ') }
}

async function readSmallFile(path: string): Promise<string | null | { reason: string }> {
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT') return null
    return { reason: `it cannot be read (${String(code)})` }
  }
  try {
    const found = await file.stat()
    if (!found.isFile()) return { reason: 'it is not a regular file' }
    if (found.size > LARGEST_BYTES) return { reason: `it is larger than ${LARGEST_BYTES} bytes` }
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
