import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RepositoryConfig } from '../../src/protocol/repository-config.ts'
import { parseRepositoryConfig, REPOSITORY_CONFIG_BYTES } from '../../src/protocol/repository-config-file.ts'

const bomb = (() => {
  const lines = ['a0: &a0 ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]']
  for (let level = 1; level < 9; level += 1) {
    const before = Array.from({ length: 9 }, () => `*a${level - 1}`).join(',')
    lines.push(`a${level}: &a${level} [${before}]`)
  }
  return `${lines.join('\n')}\n`
})()

describe('a config file is refused with the place of the mistake when', () => {
  const cases: [string, string, [line: number, column: number], RegExp][] = [
    [
      'a key is not known',
      'publish: auto\ntirgger: { label: go }\n',
      [2, 1],
      /^the file: Unrecognized key: "tirgger"$/,
    ],
    [
      'a key inside is not known',
      'limits:\n  max_attempts: 2\n  max_atempts: 3\n',
      [3, 3],
      /^limits: Unrecognized key: "max_atempts"$/,
    ],
    ['a key has no value and is not known', 'agents:\n  polcy:\n', [2, 3], /"polcy"/],
    [
      'a value is of a wrong type',
      'limits:\n  max_attempts: many\n',
      [2, 17],
      /^limits\.max_attempts: .*expected number/,
    ],
    ['a value is out of bounds', 'limits: { session_minutes: 0 }\n', [1, 28], /^limits\.session_minutes: /],
    ['a value is not among the choices', 'trigger:\n  who: everybody\n', [2, 8], /^trigger\.who: .*"triage"/],
    ['an item of a list is wrong', 'paths:\n  protect:\n    - ok\n    - 5\n', [4, 7], /^paths\.protect\.1: /],
    ['a section is a list', 'trigger: [process]\n', [1, 10], /^trigger: .*expected object/],
    ['the whole file is a list', '- trigger\n', [1, 1], /^the file: .*expected object/],
    ['the whole file is a text', 'process\n', [1, 1], /^the file: /],
    ['a key stands twice', 'publish: auto\npublish: after_approval\n', [2, 1], /unique/],
    ['it is indented with tabs', 'trigger:\n\tlabel: go\n', [2, 1], /tab/i],
    ['a bracket is not closed', 'limits: { max_attempts: 3\n', [2, 1], /./],
    ['a quote is not closed', 'trigger: { label: "go }\n', [2, 1], /quote/],
    ['it has two documents', 'publish: auto\n---\npublish: auto\n', [2, 1], /multiple documents/],
    ['an alias is not defined', 'publish: *nothing\n', [1, 1], /alias/i],
    ['it asks for a type of a programming language', 'publish: !!js/function "x"\n', [1, 10], /tag/],
    ['it is a bomb of aliases', bomb, [1, 1], /[Aa]lias/],
    ['it refers to itself', 'a: &a { b: *a }\n', [1, 1], /./],
    [
      'it is too large',
      `# ${'x'.repeat(1024 * 1024)}\n`,
      [1, 1],
      /^the file has 1048579 bytes; at most 65536 are read$/,
    ],
    ['it has a NUL', 'trigger: { label: "a\u0000b" }\n', [1, 21], /not printable/],
    ['it escapes a NUL', 'workspace: { verify: "echo \\0" }\n', [1, 1], /cannot be stored/],
    ['it is UTF-16', Buffer.from('publish: auto\n', 'utf16le').toString('utf8'), [1, 2], /not printable/],
    ['it sets the prototype', '__proto__: { publish: auto }\n', [1, 1], /__proto__/],
    ['it merges keys', '<<: { publish: auto }\n', [1, 1], /"<<"/],
  ]
  test.each(cases)('%s', (_what, text, [line, column], message) => {
    const parsed = parseRepositoryConfig(text)
    expect(parsed).toMatchObject({ ok: false, message: expect.stringMatching(message) })
    if (parsed.ok) return
    expect([parsed.line, parsed.column]).toEqual([line, column])
    expect(parsed.message.length).toBeLessThanOrEqual(300)
  })

  test('it is nested without end', () => {
    expect(parseRepositoryConfig('['.repeat(30_000))).toMatchObject({ ok: false, line: 1 })
    expect(parseRepositoryConfig(`a: ${'{ b: '.repeat(10_000)}`)).toMatchObject({ ok: false, line: 1 })
  })

  test('it is no file', () => {
    expect(parseRepositoryConfig({ unreadable: 'is a directory' })).toEqual({
      ok: false,
      line: 1,
      column: 1,
      message: 'the file is a directory',
    })
  })
})

describe('a config file means the defaults when it', () => {
  test.each([
    ['is empty', ''],
    ['has comments only', '# nothing yet\n\n'],
    ['is null', '~\n'],
    ['has a BOM and nothing else', '\ufeff'],
    ['has empty sections', '{}\n'],
  ])('%s', (_what, text) => {
    expect(parseRepositoryConfig(text)).toEqual({ ok: true, config: RepositoryConfig.parse({}) })
  })
})

test('a few aliases are fine, and a file as large as is allowed', () => {
  const aliases = 'routing:\n  default: &needs [coding]\n  labels: { bug: *needs, feature: *needs }\n'
  expect(parseRepositoryConfig(aliases)).toMatchObject({
    ok: true,
    config: { routing: { labels: { bug: ['coding'], feature: ['coding'] } } },
  })
  const full = `#${'x'.repeat(REPOSITORY_CONFIG_BYTES - 2)}\n`
  expect(parseRepositoryConfig(full)).toMatchObject({ ok: true })
})

test('whatever is in the file, the answer is a config or a mistake with its place', () => {
  const words = fc.constantFrom(
    'trigger:',
    '  label: x',
    'limits: {',
    '}',
    '- ',
    '&a',
    '*a',
    '"',
    "'",
    '\t',
    '?',
    ': ',
    '!!x',
    '|',
    '%YAML',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(words, fc.string()), { maxLength: 20 }).map((parts) => parts.join('\n')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const parsed = parseRepositoryConfig(text)
      if (parsed.ok) return RepositoryConfig.safeParse(parsed.config).success
      return parsed.line >= 1 && parsed.column >= 1 && parsed.message !== '' && !parsed.message.includes('\0')
    }),
    { numRuns: 500 },
  )
})
