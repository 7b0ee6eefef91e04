import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import packageJson from '../../package.json' with { type: 'json' }
import { SETTINGS } from '../../src/config.ts'

function read(path: string): Promise<string> {
  return readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
}

type Workflow = {
  permissions: object
  jobs: Record<string, { permissions?: Record<string, string>; steps: { uses?: string; run?: string }[] }>
}

test('the image runs the Node that package.json pins', async () => {
  const [, version] =
    /NODE_IMAGE=node:([\d.]+)-\S+@sha256:[0-9a-f]{64}\n/.exec(await read('Dockerfile')) ?? []
  expect(version).toBe(packageJson.dependencies.node)
})

test('compose.yaml and the image set only variables that the server reads', async () => {
  const { services }: { services: Record<string, { environment: object }> } = parse(
    await read('compose.yaml'),
  )
  const composed = Object.keys(services.app?.environment ?? {})
  const [, line = ''] = /^ENV (.*)$/m.exec(await read('Dockerfile')) ?? []
  const built = [...line.matchAll(/([A-Z_]+)=/g)].map(([, name]) => name)
  const known = ['NODE_ENV', ...Object.keys(SETTINGS)]
  expect(composed.length).toBeGreaterThan(0)
  expect(built.length).toBeGreaterThan(0)
  expect([...composed, ...built].filter((name) => !known.includes(String(name)))).toEqual([])
})

test('the workflow has no rights by default, runs the gate, and pins actions by commit', async () => {
  const workflow: Workflow = parse(await read('.github/workflows/ci.yml'))
  const jobs = Object.values(workflow.jobs)
  const steps = jobs.flatMap((job) => job.steps)
  expect(workflow.permissions).toEqual({})
  expect(jobs.map((job) => job.permissions)).toEqual([{ contents: 'read' }])
  expect(steps.map(({ run }) => run)).toContain('.ci/run')
  for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/@[0-9a-f]{40}$/)
  expect(await read('.ci/run')).toContain('npm run check')
})
