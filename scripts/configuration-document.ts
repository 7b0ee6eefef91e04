/** The texts of `docs/configuration.md` and `.env.example`, made from the settings that the programs read. */

import { AGENT_SETTINGS } from '../src/agent/config.ts'
import { readConfig, SETTINGS } from '../src/config.ts'
import { REPOSITORY_CONFIG_PATH } from '../src/protocol/repository-config-file.ts'
import { generatedFrom, markdownTable } from './markdown-table.ts'
import { repositoryConfigTable } from './repository-config-schema.ts'

type Setting = { readonly expected: string; readonly default: string | null }
const settings: [name: string, setting: Setting][] = Object.entries(SETTINGS)

/** Asked of the reader itself: what it misses when nothing is set. */
function requiredNames(): ReadonlySet<string> {
  const nothing = readConfig({})
  return new Set(nothing.ok ? [] : nothing.problems.map(({ name }) => name))
}

export function configurationDocument(): string {
  const required = requiredNames()
  return [
    '# Configuration',
    '',
    generatedFrom('src/config.ts, src/agent/config.ts and src/protocol/repository-config.ts'),
    '',
    '## The server',
    '',
    'Environment variables of `serve`, `migrate`, `token`, `stop` and `resume`. A wrong or missing one ends the program',
    'at its start with status 78 and is named with what is expected. The private key comes from `PRIVATE_KEY` or from',
    '`PRIVATE_KEY_PATH`.',
    '',
    'Without `PUBLIC_URL` the server gives agents the address that it listens on. Without `MISSION_CONTROL_DATA_DIR` data',
    'lives in `$XDG_DATA_HOME/mission-control` (`~/.local/share/mission-control`), for root in `/var/lib/mission-control`.',
    'Without `MISSION_CONTROL_KEY` a key is made at the first start and kept there as `server-key`.',
    '',
    ...markdownTable(
      ['variable', 'expected', 'default'],
      settings.map(([name, { expected, default: value }]) => [
        `\`${name}\``,
        expected,
        value === null ? (required.has(name) ? '**required**' : '') : `\`${value}\``,
      ]),
    ),
    '',
    '## The agent runner',
    '',
    'Settings of `mission-control agent`. An option wins over its variable.',
    '',
    ...markdownTable(
      ['option', 'variable', 'expected'],
      Object.values(AGENT_SETTINGS).map(({ option, variable, expected }) => [
        option === null ? 'none: a key does not belong on a command line' : `\`${option}\``,
        `\`${variable}\``,
        expected,
      ]),
    ),
    '',
    '## The repository',
    '',
    `\`${REPOSITORY_CONFIG_PATH}\`, read from the default branch only; every key may be left out. An invalid file does not`,
    'break a running project: the last valid one stays in force and the status comment and `/why` name the mistake.',
    '`mission-control config check` checks a file. Editors complete it when its first line names the schema:',
    '`# yaml-language-server: $schema=<path or address of docs/mission-control.schema.json>`.',
    '',
    'Keys that say "not in effect yet" are checked, so that a file written today stays valid, and change nothing.',
    '',
    ...repositoryConfigTable(),
    '',
  ].join('\n')
}

export function environmentExample(): string {
  const required = requiredNames()
  const lines = settings.flatMap(([name, { expected, default: value }]) => [
    `# ${expected}${required.has(name) ? ' (required)' : ''}`,
    required.has(name) ? `${name}=` : `# ${name}=${value ?? ''}`,
    '',
  ])
  return [
    '# Generated from src/config.ts by `npm run generate`; do not edit. Copy it to `.env`.',
    '',
    ...lines,
  ].join('\n')
}
