import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { longestBody, mostCommands, parseCommands } from '../../src/domain/command.ts'

const names = (body: string) => parseCommands(body).commands.map((command) => command.name)

test('a command is the first word of a line', () => {
  expect(parseCommands('Thanks!\r\n/process ada now\nplease /cancel')).toEqual({
    commands: [{ name: 'process', args: ['ada', 'now'], text: 'ada now' }],
    dropped: [],
  })
})

test('the name is read without case and paths are no commands', () => {
  expect(names('/Process\n/etc/passwd\n/ process\n//process\n/process: x')).toEqual(['process'])
})

describe('text that is not said runs nothing', () => {
  test.each([
    ['a quote', '> /process'],
    ['a quote that goes on lazily', '> they said\n/process'],
    ['a quote in a list', '- > x\n/process'],
    ['fenced code', '```\n/process\n```'],
    ['fenced code with a language', '~~~sh\n/process\n~~~'],
    ['a fence inside a fence', '````\n```\n/process\n```\n````'],
    ['a fence that is never closed', '```\n/process'],
    ['a fence in a list', '- ```\n  /process\n  ```'],
    ['indented code', 'text\n\n    /process'],
    ['code indented by a tab', '\t/process'],
    ['inline code', '`/process`'],
    ['inline code over lines', 'run `a\n/process\nb`'],
    ['inline code of two backticks', '``a ` b\n/process\n``'],
    ['an HTML comment', '<!-- /process -->'],
    ['an HTML comment over paragraphs', '<!--\n\n/process\n\n-->'],
    ['an HTML comment that is never closed', '<!--\n\n/process'],
    ['an HTML comment that begins in an indented line', 'text\n    <!-- \n/process\n-->'],
    ['preformatted HTML', '<pre>\n/process\n</pre>'],
    ['quoted HTML', '<blockquote><blockquote></blockquote>\n/process\n</blockquote>'],
    ['a list item', '- /process'],
    ['an invisible first character', '\u200b/process'],
  ])('%s', (_name, body) => {
    expect(names(body)).toEqual([])
  })
})

describe('text that is said runs', () => {
  test.each([
    ['after a quote and an empty line', '> they said\n\n/process'],
    ['after fenced code', '```\nx\n```\n/process'],
    ['after a closed comment', '<!-- x -->\n/process'],
    ['after inline code', 'use `x` and `y`\n/process'],
    ['after a lone backtick', "it's a ` mark\n/process"],
    ['after inline code that names HTML', '`<!--` and `<pre>`\n\n/process'],
    ['with code behind it', '/process `ada`'],
    ['before code that goes on over lines', '/process `a\nb`'],
    ['before a comment', '/process <!-- x\n-->'],
    ['with up to three spaces', '   /process'],
  ])('%s', (_name, body) => {
    expect(names(body)).toEqual(['process'])
  })
})

test('no more than five commands of a comment run, and it says so', () => {
  const parsed = parseCommands('/why\n'.repeat(8))
  expect(parsed.commands).toHaveLength(mostCommands)
  expect(parsed.dropped).toHaveLength(3)
})

test('a body that is too long and an argument that is too long run nothing', () => {
  expect(parseCommands(`/process\n${'x'.repeat(longestBody)}`)).toMatchObject({
    commands: [],
    dropped: [expect.stringMatching(/longer/)],
  })
  expect(parseCommands(`/revise ${'x'.repeat(5000)}`)).toMatchObject({
    commands: [],
    dropped: [expect.stringMatching(/revise/)],
  })
})

test('nothing in a fence or a quote ever runs, whatever stands in it', () => {
  const line = fc.oneof(fc.constantFrom('/process', '', '<!--', '-->', '`', '> x', '    x'), fc.string())
  const inner = fc.array(
    line.map((text) => text.replaceAll(/[\r\n]/g, '')),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(inner, (lines) => {
      expect(
        names(['`````', ...lines.map((text) => text.replaceAll('`````', '')), '`````'].join('\n')),
      ).toEqual([])
      expect(names(lines.map((text) => `> ${text}`).join('\n'))).toEqual([])
    }),
  )
})

test('the time stays short when the body is built to take long', () => {
  const bodies = [
    '`'.repeat(longestBody),
    '` `` '.repeat(13_000),
    ' '.repeat(longestBody),
    '<!--'.repeat(16_000),
  ]
  const more = ['-'.repeat(longestBody), '> '.repeat(32_000), '<pre'.repeat(16_000), '</pre  '.repeat(9_000)]
  const started = process.cpuUsage()
  for (const body of [...bodies, ...more, '<pre>'.repeat(13_000), '`\n'.repeat(32_000)]) parseCommands(body)
  expect(process.cpuUsage(started).user).toBeLessThan(2_000_000)
})
