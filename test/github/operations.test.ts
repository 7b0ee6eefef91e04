import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { gitPermissions, type Operation, operations } from '../../src/github/operations.ts'
import { appOperations, openOperations, permissionTable } from '../../src/local-github/permissions.ts'

const schema: { operations: { id: string; method: string; path: string }[] } = JSON.parse(
  readFileSync(new URL('../../src/local-github/schema/rest.json', import.meta.url), 'utf8'),
)
const manifest: { default_permissions: Record<string, string>; default_events: string[] } = parse(
  readFileSync(new URL('../../app.yml', import.meta.url), 'utf8'),
)
const catalog: [string, Operation][] = Object.entries(operations)
const rank = (level: string | null | undefined): number => ['read', 'write'].indexOf(level ?? '')

/** What is granted although no REST operation needs it that much, with the reason. */
const exceptions: { permission: string; level: string; because: string }[] = [
  ...Object.entries(gitPermissions).map(([permission, level]) => ({
    permission,
    level,
    because: 'git fetch and push over HTTPS are no REST operations',
  })),
]

describe('an operation of the catalog', () => {
  test.each(catalog)("%s is in GitHub's description with the same route", (id, operation) => {
    const described = schema.operations.find((candidate) => candidate.id === id)
    expect(described && `${described.method.toUpperCase()} ${described.path}`).toBe(operation.route)
  })

  test.each(catalog)('%s needs what the permission table says', (id, operation) => {
    if (operation.as === 'app') {
      expect(appOperations).toContain(id)
      expect(operation).toMatchObject({ permission: null, level: null })
    } else if (operation.permission === null) {
      expect(openOperations).toContain(id)
    } else {
      expect(permissionTable[id]).toMatchObject({ permission: operation.permission, level: operation.level })
    }
  })

  test.each(catalog)('%s is granted in app.yml', (_id, operation) => {
    if (operation.permission === null) return
    expect(rank(manifest.default_permissions[operation.permission])).toBeGreaterThanOrEqual(
      rank(operation.level),
    )
  })

  test.each(catalog)('%s creates content only when it is a write', (_id, operation) => {
    const reads = operation.route.startsWith('GET ')
    if (reads) expect(operation).toMatchObject({ createsContent: false, repeatable: true })
    if (!operation.repeatable) expect(operation.createsContent).toBe(true)
  })
})

describe('app.yml', () => {
  test('grants nothing that no operation needs', () => {
    for (const [permission, granted] of Object.entries(manifest.default_permissions)) {
      const needed = [...catalog.map(([, operation]) => operation), ...exceptions]
        .filter((need) => need.permission === permission)
        .map((need) => rank(need.level))
      expect({ permission, level: rank(granted) }).toEqual({ permission, level: Math.max(...needed) })
    }
  })

  test('does not ask for what later issues may need, nor for workflows', () => {
    expect(Object.keys(manifest.default_permissions).sort()).toEqual([
      'contents',
      'issues',
      'metadata',
      'pull_requests',
    ])
  })

  test('subscribes to the events that are handled', () => {
    expect([...manifest.default_events].sort()).toEqual([
      'issue_comment',
      'issues',
      'pull_request',
      'push',
      'repository',
    ])
  })
})
