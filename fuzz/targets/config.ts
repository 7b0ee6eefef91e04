import { stringify } from 'yaml'
import { parseRepositoryConfig } from '../../src/protocol/repository-config-file.ts'
import { promised, same, type Target } from '../target.ts'

export const config: Target = {
  name: 'config',
  promises: [
    'a config, or one mistake with its place and at most 300 characters',
    'a config that was read is the same when it is written and read again',
    'nothing that Postgres cannot store comes out',
  ],
  words: [
    'trigger:\n  label: go\n',
    'who: write',
    'paths: { allow: [src/**], protect: [] }',
    'limits:\n  max_attempts: 3\n',
    'routing: { labels: { a: [b] } }',
    'workspace: { setup: npm ci }',
    '&a ',
    '*a',
    '&a [*a]',
    '<<: *a',
    '!!binary ',
    '!!js/function ',
    '!<tag:x> ',
    '%YAML 1.1\n---\n',
    '---\n',
    '...\n',
    '? ',
    ': ',
    '__proto__: ',
    'constructor: ',
    '|\n  ',
    '>-\n  ',
    '"\\ud800"',
    '"\\0"',
    '1e309',
    '.nan',
    '0x10',
    '2001-01-01',
  ],
  run(bytes) {
    const parsed = parseRepositoryConfig(Buffer.from(bytes).toString())
    if (!parsed.ok) {
      promised(parsed.line >= 1 && parsed.column >= 1, `a mistake at ${parsed.line}:${parsed.column}`)
      promised(parsed.message !== '' && parsed.message.length <= 300, 'a message of no or great length')
      promised(
        parsed.message.isWellFormed() && !parsed.message.includes('\0'),
        'a message that cannot be stored',
      )
      return
    }
    const json = JSON.stringify(parsed.config)
    promised(!/\\u0000|\\ud[89a-f]/.test(json), 'a value that cannot be stored')
    const again = parseRepositoryConfig(stringify(parsed.config))
    promised(again.ok, 'a config is refused when it is written anew')
    same(again.config, parsed.config, 'a config written and read again')
  },
}
