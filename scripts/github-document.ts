/** The text of `docs/github-permissions.md`, made from the table of operations and from `app.yml`. */

import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { type Operation, operations } from '../src/github/operations.ts'
import { generatedFrom, markdownTable } from './markdown-table.ts'

type Manifest = { default_permissions: Record<string, string>; default_events: string[] }

export async function githubDocument(): Promise<string> {
  const manifest: Manifest = parse(await readFile(new URL('../app.yml', import.meta.url), 'utf8'))
  const all: [string, Operation][] = Object.entries(operations)
  const used = (permission: string): string =>
    all
      .filter(([, operation]) => operation.permission === permission)
      .map(([id]) => `\`${id}\``)
      .join(', ')
  return [
    '# What the app asks of GitHub',
    '',
    generatedFrom('app.yml and src/github/operations.ts'),
    '',
    'The client refuses every operation that is not in this list, so the list is complete. `app.yml` says why each',
    'permission and event is asked for, and which are not asked for on purpose.',
    '',
    '## Permissions',
    '',
    ...markdownTable(
      ['permission', 'level', 'operations'],
      Object.entries(manifest.default_permissions).map(([name, level]) => [
        name,
        level,
        `${used(name)}${name === 'contents' ? '; git fetch and push' : ''}`,
      ]),
    ),
    '',
    `Events: ${manifest.default_events.map((event) => `\`${event}\``).join(', ')}; those about the installation itself always arrive.`,
    '',
    '## Operations',
    '',
    'Creates content: GitHub counts it against its limit of content-creating calls ([limits.md](limits.md)).',
    '',
    ...markdownTable(
      ['operation', 'request', 'as', 'creates content'],
      all.map(([id, { route, as, createsContent }]) => [
        `\`${id}\``,
        `\`${route}\``,
        as,
        createsContent ? 'yes' : '',
      ]),
    ),
    '',
  ].join('\n')
}
