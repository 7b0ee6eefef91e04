import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { html } from '../../src/local-github/pages/html.ts'
import { renderMarkdown } from '../../src/local-github/pages/markdown/markdown.ts'

const render = (text: string) => renderMarkdown(text, { repositoryPath: '/o/r' }).text

describe('what is rendered', () => {
  test.each([
    ['# One\n\ntext', '<h1>One</h1><p>text</p>'],
    [
      'a **b** *c* _d_ ~~e~~ `f<`',
      '<p>a <strong>b</strong> <em>c</em> <em>d</em> <del>e</del> <code>f&lt;</code></p>',
    ],
    ['snake_case_name 2*3*4', '<p>snake_case_name 2<em>3</em>4</p>'],
    ['one\ntwo', '<p>one<br>two</p>'],
    [
      '- a\n- b\n  - c\n\n1. x\n2. y',
      '<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol start="1"><li>x</li><li>y</li></ol>',
    ],
    ['- [x] done', '<ul><li class="task"><input type="checkbox" checked disabled> done</li></ul>'],
    ['> quoted\n> more', '<blockquote><p>quoted<br>more</p></blockquote>'],
    ['```js\n<b> **x**\n```', '<pre><code data-language="js">&lt;b&gt; **x**</code></pre>'],
    ['---', '<hr>'],
    [
      'See #12 and @ada',
      '<p>See <a href="/o/r/issues/12">#12</a> and <strong class="mention">@ada</strong></p>',
    ],
    ['\\*not\\*', '<p>*not*</p>'],
  ])('%j', (text, expected) => expect(render(text)).toBe(expected))

  test('a table', () => {
    expect(render('| a | b |\n|---|:-:|\n| 1 | `x\\|y` |\n| 2 |')).toBe(
      '<div class="table"><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><code>x|y</code></td></tr><tr><td>2</td><td></td></tr></tbody></table></div>',
    )
  })

  test('details with a summary and markdown inside', () => {
    expect(render('<details><summary>More **here**</summary>\n\n- a\n\n</details>\n\nafter')).toBe(
      '<details><summary>More <strong>here</strong></summary><ul><li>a</li></ul></details><p>after</p>',
    )
  })

  test('HTML comments are hidden, but not those in code', () => {
    expect(render('<!-- marker -->\nseen <!-- a\nb --> too\n\n```\n<!-- code -->\n```')).toBe(
      '<p>seen<br>too</p><pre><code data-language="">&lt;!-- code --&gt;</code></pre>',
    )
  })

  test('web addresses and links are links, images too', () => {
    expect(render('https://x.test/a_b_c. [t](https://y.test "title") ![i](http://z.test/i.png)')).toBe(
      '<p><a href="https://x.test/a_b_c" rel="nofollow noopener noreferrer">https://x.test/a_b_c</a>. <a href="https://y.test" rel="nofollow noopener noreferrer">t</a> <a href="http://z.test/i.png" rel="nofollow noopener noreferrer">i</a></p>',
    )
  })
})

describe('what is not', () => {
  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '![x](javascript:alert(1))',
    '[a](https://x.test/"onmouseover="alert(1))',
    '<details open ontoggle=alert(1)>',
    '<details><summary><img src=x onerror=alert(1)></summary></details>',
    'https://x.test/"><script>alert(1)</script>',
    '```"><script>alert(1)</script>\nx\n```',
    '| <b>a</b> | b |\n|---|---|\n| <script>x</script> | [y](vbscript:z) |',
    '# <svg onload=alert(1)>',
    '[![x](javascript:a)](javascript:b)',
    '<a href="https://x.test" onclick="x">y</a>',
  ])('%j becomes no active markup', (text) => {
    const tags = [...render(text).matchAll(/<([a-z0-9]+)((?:\s[^>]*)?)>/g)]
    for (const [, name = '', attributes = ''] of tags) {
      expect(ALLOWED).toContain(name)
      expect(attributes).toMatch(
        /^(?: (?:href="(?:https?:\/\/|\/o\/r\/)[^"<>]*"|rel="[\w ]+"|class="\w+"|start="\d+"|type="checkbox"|data-language="[\w+#.-]*"|checked|disabled|open))*$/,
      )
    }
  })

  test('whatever the text, only known tags and attributes come out, and every < of it is escaped', () => {
    const pieces = fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      '`',
      '```\n',
      '*',
      '**',
      '_',
      '~~',
      '[',
      '](',
      ')',
      'https://a.b',
      'javascript:',
      '\n',
      '\n\n',
      '- ',
      '1. ',
      '> ',
      '|',
      '|---|\n',
      '<!--',
      '-->',
      '<details>',
      '<summary>',
      '</summary>',
      '</details>',
      '#1',
      '@a',
      '  ',
      '\\',
      'x',
      'onload=',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const left = render(parts.join('')).replace(TAG, '')
        expect(left).not.toMatch(/[<>"]/)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['stars', '*a '.repeat(20_000)],
    ['double stars', '**'.repeat(30_000)],
    ['brackets', '['.repeat(60_000)],
    ['links without end', '[a]('.repeat(15_000)],
    ['quotes', '>'.repeat(60_000)],
    ['ticks', '` '.repeat(30_000)],
    ['a heading of spaces', `# ${' '.repeat(60_000)}x`],
    ['nested lists', Array.from({ length: 300 }, (_, n) => `${' '.repeat(n)}- x`).join('\n')],
    ['details', '<details>\n'.repeat(6_000)],
    ['dots', `https://a.b/${'.'.repeat(60_000)}x`],
    ['bars', `${'|'.repeat(30_000)}\n${'|-'.repeat(15_000)}`],
    ['comments', '<!-- '.repeat(12_000)],
    ['underscores', '_a_b'.repeat(15_000)],
  ])('65,536 characters of %s take no time', (_name, text) => {
    const startedAt = performance.now()
    render(text)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})

const ALLOWED = [
  'p',
  'br',
  'a',
  'strong',
  'em',
  'del',
  'code',
  'pre',
  'h1',
  'h2',
  'h3',
  'h4',
  'hr',
  'ul',
  'ol',
  'li',
  'input',
  'blockquote',
  'details',
  'summary',
  'div',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
]
const TAG = new RegExp(
  `</?(?:${ALLOWED.join('|')})(?: (?:href|rel|class|start|type|data-language)="[^"<>]*"| checked| disabled| open)*>`,
  'g',
)

test('a template escapes text in content and attributes and keeps markup', () => {
  expect(html`<a title="${'"<&\''}">${['<', html`<b>`]}${null}${false}${0}</a>`.text).toBe(
    '<a title="&quot;&lt;&amp;&#39;">&lt;<b>0</a>',
  )
})
