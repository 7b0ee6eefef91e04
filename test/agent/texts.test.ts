import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasSection, renderSection } from '../../src/agent/hand-over.ts'
import { createOutputLines } from '../../src/agent/output-lines.ts'
import { createOutputTail } from '../../src/agent/output-tail.ts'
import { readRefusal } from '../../src/agent/publish.ts'
import { createRedact } from '../../src/agent/redaction.ts'
import { commitSubject } from '../../src/agent/worktree.ts'
import { closings } from '../../src/domain/commit-message.ts'

describe('the section of the context file', () => {
  test('is found again, and headings in a summary are not taken for other sections', () => {
    const section = renderSection({
      issue: 12,
      title: 'x',
      summary: 'Done.\n\n## #13\n\n# Top',
      files: ['a.ts'],
    })
    expect(hasSection(section, 12)).toBe(true)
    expect(hasSection(section, 13)).toBe(false)
    expect(hasSection(section, 1)).toBe(false)
  })

  test('names fifty files and counts the others', () => {
    const files = Array.from({ length: 53 }, (_, index) => `f${index}`)
    const lines = renderSection({ issue: 1, title: 'x', summary: null, files }).split('\n')
    expect(lines).toContain('- `f49`')
    expect(lines).toContain('- and 3 more')
  })
})

describe('commit subjects', () => {
  test('are one line, not empty, at most 72 characters, and close nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('fixes #3', 'Closes: o/r#4', '')),
        (text) => {
          const subject = commitSubject(text)
          expect(subject).toMatch(/^.{1,72}$/u)
          expect(closings(subject)).toEqual([])
        },
      ),
    )
  })
})

describe('the refusal of a push', () => {
  test.each([
    [
      'remote: Mission Control: the branch is not yours        \nTo http://x\n ! [remote rejected] abc -> main (not your branch)\nerror: failed to push some refs\n',
      'Mission Control: the branch is not yours\n(not your branch)',
    ],
    [' ! [remote rejected] abc -> b (Mission Control: no)\n', '(Mission Control: no)'],
    [' ! [rejected]        abc -> b (non-fast-forward)\nhint: something\n', '(non-fast-forward)'],
    [
      "fatal: unable to access 'http://x/': Failed to connect\n",
      "fatal: unable to access 'http://x/': Failed to connect",
    ],
    ['', 'git gave no reason'],
  ])('is read from %j', (stderr, message) => {
    expect(readRefusal(stderr)).toBe(message)
  })
})

describe('the output of a program', () => {
  test('is cut at its beginning when it is longer than what is kept', () => {
    const tail = createOutputTail(10)
    for (const byte of Buffer.from('grüße\r\n\nzwei\ndrei')) tail.push(Buffer.from([byte]))
    expect(tail.text()).toBe('[...]\nzwei\ndrei')
  })

  test('is told line by line, the last one at the end, when it comes byte by byte', () => {
    const lines: string[] = []
    const output = createOutputLines(100, (line) => lines.push(line))
    for (const byte of Buffer.from('grüße\r\n\nzwei\rdrei\nvier')) output.push(Buffer.from([byte]))
    expect(lines).toEqual(['grüße', 'zwei', 'drei'])
    output.end()
    expect(lines).toEqual(['grüße', 'zwei', 'drei', 'vier'])
  })

  test('is told with the beginning of a line alone when the line is too long', () => {
    const lines: string[] = []
    const output = createOutputLines(5, (line) => lines.push(line))
    for (const part of ['123', '456', '789\nab', 'c\n']) output.push(Buffer.from(part))
    expect(lines).toEqual(['12345', 'abc'])
  })

  test('is redacted, without colours, controls and halves of characters', () => {
    const redact = createRedact(['s3cret'])
    expect(redact('\u001b[31mred\u001b[0m s3cret\u0000\u200b', 100)).toBe('red [redacted]')
    expect(redact('ab😀', 3)).toBe('ab\ufffd')
  })
})
