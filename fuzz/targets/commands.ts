import { longestBody, mostCommands, parseCommands } from '../../src/domain/command.ts'
import { promised, same, type Target } from '../target.ts'

export const commands: Target = {
  name: 'commands',
  promises: [
    'never throws, and runs five commands at most',
    'a command is one line of the body that begins with its slash',
    'nothing runs inside a quote, a fence or an HTML comment',
  ],
  words: [
    '/process',
    '/approve ada',
    '\n/cancel\n',
    '```',
    '~~~~',
    '<!--',
    '-->',
    '<pre>',
    '</pre>',
    '<code>',
    '</code >',
    '> ',
    '- ',
    '1. ',
    '    ',
    '\t',
    '`',
    '``',
  ],
  run(bytes) {
    const body = Buffer.from(bytes).toString()
    const { commands: found, dropped } = parseCommands(body)
    promised(found.length <= mostCommands && dropped.length <= mostCommands, 'too many commands')
    const lines = new Set(body.split(/\r\n|\r|\n/).map((line) => line.trim().toLowerCase()))
    for (const { name, args, text } of found) {
      promised(/^[a-z][a-z-]{0,38}$/.test(name), `a command is called ${name}`)
      same(args, text === '' ? [] : text.split(/\s+/), 'words of a command')
      const seen = [...lines].some((line) => line.startsWith(`/${name}`) && line.endsWith(text.toLowerCase()))
      promised(seen, `/${name} ${text} is no line of the body`)
    }
    for (const [how, wrapped] of wrappings(body)) {
      if (wrapped.length > longestBody) continue
      same(parseCommands(wrapped).commands, [], `commands in ${how}`)
    }
  },
}

function wrappings(body: string): [string, string][] {
  const longest = Math.max(3, ...[...body.matchAll(/`+|~+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const lines = body.split(/\r\n|\r|\n/)
  return [
    ['a quote', lines.map((line) => `> ${line}`).join('\n')],
    ['a fence', `${fence}\n${body}\n${fence}`],
    // without what would end it, and without what could hold more of the comment
    ['an HTML comment', `<!--\n${body.replace(/[`~>]/g, '')}\n-->`],
  ]
}
