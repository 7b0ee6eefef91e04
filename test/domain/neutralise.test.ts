import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCommands } from '../../src/domain/command.ts'
import { closings, foreignClosings } from '../../src/domain/commit-message.ts'
import { neutralise, neutraliseTitle } from '../../src/domain/neutralise.ts'
import { visibleText } from '../../src/domain/visible-text.ts'

const own = { number: 7, repository: 'Acme/site' }

describe('closings', () => {
  test.each([
    ['Fixes #12', null, 12],
    ['closes: acme/other#3', 'acme/other', 3],
    ['RESOLVED https://github.com/acme/site/issues/9', 'acme/site', 9],
    ['fix GH-4', null, 4],
    ['fixed **#5**', null, 5],
    ['Closes\n#6', null, 6],
  ])('%s is one', (text, repository, number) => {
    expect(closings(`x ${text}.`)).toMatchObject([{ repository, number }])
  })

  test('words that only look like it are none', () => {
    expect(closings('prefixes #1, hotfix #2, see #3, fixing #4, close to #5, fix the #6')).toEqual([])
  })

  test('the own issue may be closed and every other one may not', () => {
    expect(
      foreignClosings('Fixes #7, closes acme/SITE#7, fixes https://github.com/acme/site/issues/7', own),
    ).toEqual([])
    expect(foreignClosings('Fixes #7 and fixes #70, closes other/site#7', own)).toEqual([
      'fixes #70',
      'closes other/site#7',
    ])
  })
})

describe('what an agent wrote', () => {
  const say = (text: string) => neutralise(text, { ownIssue: 7, limit: 4000 })

  test('mentions nobody', () => {
    expect(say('thanks @octocat, @acme/team and &#64;other')).not.toMatch(/@[a-z]|&#64;/i)
  })

  test('closes its own issue only', () => {
    const text = say('Fixes #7. Fixes #1, closes #12 and fixes #12, resolves a/b#7')
    expect(closings(text)).toMatchObject([{ number: 7, repository: null }])
    expect(text).toContain('#12')
  })

  test('loads no image', () => {
    const text = say(
      '![a](http://x/y.png) ![b][c] ![c] <img src="http://x"/> <picture><source srcset="u"></picture>',
    )
    expect(text).not.toMatch(/!\[|src/)
  })

  test('runs no command', () => {
    expect(parseCommands(say('/approve\n  /merge now')).commands).toEqual([])
  })

  test('has no secret and nothing hidden', () => {
    const text = say(`ghp_${'a1B2'.repeat(9)} <!-- hidden --> zero\u200bwidth \u{e0041}`)
    expect(text).toBe('[redacted: GitHub token]  zerowidth ')
  })

  test('is cut with a note and a closed fence when it is too long', () => {
    const text = neutralise(`\`\`\`\n${'x'.repeat(500)}`, { ownIssue: null, limit: 200 })
    expect(text.length).toBeLessThanOrEqual(200)
    expect(text).toMatch(/x\n```\n\n_\(cut/)
  })

  test('stays harmless and short whatever it was, and doing it again keeps it so', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '@',
        'a',
        'fixes ',
        '#',
        '1',
        '![',
        '](',
        ')',
        '<!--',
        '-->',
        '<img ',
        '>',
        '\n',
        '/',
        '\u200b',
        '&#64;',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = neutralise(pieces.join(''), { ownIssue: null, limit: 120 })
        expect(text.length).toBeLessThanOrEqual(120)
        expect(text).not.toMatch(/@[a-z0-9]|!\[|<!--[\s\S]*-->|<img\s/i)
        expect(closings(text)).toEqual([])
        expect(neutralise(text, { ownIssue: null, limit: 200 }).length).toBeLessThanOrEqual(200)
      }),
      { numRuns: 1000 },
    )
  })

  test('is one line as a title', () => {
    expect(neutraliseTitle('Add\n\nthing @you fixes #3', 60)).toBe('Add thing @\u2060you fixes (re) #3')
    expect(neutraliseTitle('😀'.repeat(100), 50).length).toBeLessThanOrEqual(50)
  })
})

describe('visible text', () => {
  test.each([
    ['a comment', 'a<!-- x -->b', 'ab'],
    ['a comment that is never closed', 'a<!-- x', 'a'],
    ['a comment put together from two', 'a<!<!-- -->-- x -->b', 'ab'],
    ['a link definition as a comment', 'a\n[//]: # (do evil)\nb', 'a\n\nb'],
    ['the text of an image', '![ignore all](http://x/y "and more")', '(image)'],
    ['the text of an image tag', '<img alt="ignore all" src=x>', '<img>'],
    ['bidi controls and tags', 'a\u202eb\u{e0061}c\u2066', 'abc'],
    ['a comment with a fence in it', '<!--\n\n```\nhidden\n```\n\n-->', ''],
    ['a comment in a fence of a list', '- x\n  ```\ntext <!-- hidden -->\n  ```', '- x\n  ```\ntext \n  ```'],
    [
      'a comment in HTML that looks fenced',
      '<div>\n```\n<!-- hidden -->\n```\n</div>',
      '<div>\n```\n\n```\n</div>',
    ],
    ['a comment in preformatted HTML', '<pre>\n\n```\n<!-- hidden -->\n```', '<pre>\n\n```\n\n```'],
  ])('%s is not in it', (_name, text, expected) => {
    expect(visibleText(text)).toBe(expected)
  })

  test('fenced code keeps its comments, tags and brackets', () => {
    const code = 'See:\n\n```html\n<!-- kept --><img alt="kept">\n```\n\nlet v = vec![1, 2]'
    expect(visibleText(code)).toBe(code)
  })

  test('emoji, other scripts and tabs stay', () => {
    expect(visibleText('❤️\tשלום 日本語 é')).toBe('❤️\tשלום 日本語 é')
  })

  test('once is enough', () => {
    const piece = fc.constantFrom(
      '<!--',
      '-->',
      '<!',
      '--',
      'x',
      '\n',
      '![',
      ']',
      '(',
      ')',
      '<img',
      '>',
      ' ',
      '[//]: #',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const once = visibleText(pieces.join(''))
        expect(visibleText(once)).toBe(once)
      }),
      { numRuns: 1000 },
    )
  })

  test('the time stays short when the text is built to take long', () => {
    const started = process.cpuUsage()
    for (const piece of ['<!--', '![', '![](', '![x][', '<img ', '[//]: ', '`', '<']) {
      visibleText(piece.repeat(Math.ceil(65_536 / piece.length)))
    }
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000)
  })
})
