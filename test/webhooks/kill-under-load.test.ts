import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { temporaryDirectory } from '../../bench/stage/directory.ts'
import { killUnderLoad } from '../../bench/stage/kill-under-load.ts'

const directories = new AsyncDisposableStack()
const dataDir = join(await temporaryDirectory(directories), 'postgres')
afterAll(() => directories.disposeAsync())

const body = Buffer.from(JSON.stringify({ action: 'labeled', filler: 'x'.repeat(12_000) }))
const shot = { secret: 'secret', event: 'issues', body }

test.each(['server', 'postgres'] as const)(
  'every delivery that was answered with 202 is stored when the %s dies under load',
  async (victim) => {
    await using stack = new AsyncDisposableStack()
    const found = await killUnderLoad(stack, { victim, dataDir, connections: 20, ms: 400, shot })
    expect(found.acknowledged).toBeGreaterThan(0)
    expect(found.missing).toBe(0)
  },
  120_000,
)
