import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missionControl } from './run.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mc-check-'))
  await writeFile(join(directory, 'good.yml'), 'publish: auto\n')
  await writeFile(join(directory, 'bad.yml'), 'limits:\n  max_atempts: 3\n')
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe.concurrent('config check', () => {
  test.each([
    ['good.yml', 0, /good\.yml is valid\.\n$/],
    ['bad.yml', 1, /bad\.yml:2:3 limits: Unrecognized key: "max_atempts"\n$/],
    ['missing.yml', 66, /missing\.yml cannot be read: ENOENT/],
  ])('of %s ends with %i', async (file, expected, text) => {
    const { status, stdout, stderr } = await missionControl(['config', 'check', join(directory, file)])
    expect(status).toBe(expected)
    expect(expected === 0 ? stdout : stderr).toMatch(text)
    expect(expected === 0 ? stderr : stdout).toBe('')
  })
})
