/** The text of `docs/commands.md`, made from the help of the slash commands and of the command line. */

import { readdir } from 'node:fs/promises'
import { Command } from 'commander'
import { slashCommands } from '../src/webhooks/commands/registry.ts'
import { generatedFrom, markdownTable } from './markdown-table.ts'

const CLI = new URL('../src/cli/', import.meta.url)

export async function commandsDocument(): Promise<string> {
  const commands = await commandLine()
  return [
    '# Commands',
    '',
    generatedFrom('src/webhooks/commands and src/cli'),
    '',
    '## In issues and pull requests',
    '',
    'The first word of a line in a comment. A reaction tells that it was seen. Commands in edited comments, quotes and',
    'code blocks do not run. People without the right that a command needs get a reaction at most.',
    '',
    ...markdownTable(
      ['command', 'what it does', 'needs'],
      slashCommands.map(({ help }) => [
        `\`/${[help.name, help.args].filter((part) => part !== '').join(' ')}\``,
        help.summary,
        help.right,
      ]),
    ),
    '',
    '## On the command line',
    '',
    'In a checkout `mission-control` is `npx node --env-file-if-exists=.env src/cli.ts`; in the image it is the entry',
    'point. Every command has `--help`; the variables that they read are in [configuration.md](configuration.md).',
    '',
    ...commands.flatMap((command) => section(command, [])),
  ].join('\n')
}

/** Every file of `src/cli/` exports what it adds to the command line as functions named `...Command`. */
async function commandLine(): Promise<Command[]> {
  const files = (await readdir(CLI)).filter((name) => name.endsWith('.ts')).sort()
  const modules: Record<string, unknown>[] = await Promise.all(
    files.map((name) => import(new URL(name, CLI).href)),
  )
  const made = modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, value]) =>
      name.endsWith('Command') && typeof value === 'function' ? [value()] : [],
    ),
  )
  return made.filter((command) => command instanceof Command).sort((a, b) => a.name().localeCompare(b.name()))
}

function section(command: Command, above: readonly string[]): string[] {
  const path = [...above, command.name()]
  if (command.commands.length > 0) return command.commands.flatMap((below) => section(below, path))
  const args = command.registeredArguments.map((one) =>
    one.required ? `<${one.name()}>` : `[${one.name()}]`,
  )
  const options = command.options.map(({ flags, description, defaultValue, argChoices, mandatory }) => {
    const more = [
      ...(argChoices ? [`one of ${argChoices.join(', ')}`] : []),
      ...(mandatory ? ['required'] : []),
      ...(defaultValue === undefined || typeof defaultValue === 'boolean'
        ? []
        : [`default ${[defaultValue].flat().join(' ')}`]),
    ]
    return [`\`${flags}\``, more.length === 0 ? description : `${description} (${more.join('; ')})`]
  })
  return [
    `### \`mission-control ${[...path, ...args].join(' ')}\``,
    '',
    sentence(command.description()),
    '',
    ...(options.length === 0 ? [] : [...markdownTable(['option', 'what it does'], options), '']),
  ]
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}
