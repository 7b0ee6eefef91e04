import { slug } from '../../src/domain/branch.ts'
import { foreignClosings } from '../../src/domain/commit-message.ts'
import { acceptanceCriteria } from '../../src/domain/context.ts'
import { namedFiles } from '../../src/domain/named-files.ts'
import { neutralise, neutraliseTitle } from '../../src/domain/neutralise.ts'
import { findSecrets, redactSecrets } from '../../src/domain/secrets.ts'
import { visibleText } from '../../src/domain/visible-text.ts'
import { block, code, inline, quote } from '../../src/presenter/markdown.ts'
import { promised, same, type Target } from '../target.ts'

const OWN = { number: 0, repository: 'acme/site' }

/** What no text that we publish may still do. */
const MENTION = /@[a-z0-9]/i
const COMMAND = /^ {0,3}\/[a-z]/im

export const texts: Target = {
  name: 'texts',
  promises: [
    'cleaning, redacting, finding and quoting never throw, and take a few steps per byte',
    'redacting twice changes nothing more, and leaves no known form of a secret',
    'what is published mentions nobody, closes nothing and commands nothing',
    'a slug has 40 characters of a-z, 0-9 and dashes at most',
  ],
  words: [
    'Fixes #1',
    'closes: https://github.com/acme/site/issues/2',
    'resolve acme/site#3',
    'fix.fix.',
    '@octocat',
    '&#64;octocat',
    '/approve',
    '<!--',
    '-->',
    '![x](https://evil.example/?',
    '<img src=x>',
    '[//]: # (',
    '```\n',
    '~~~\n',
    '# Acceptance criteria\n',
    '- [ ] ',
    'ghp_aaaaaaaaaaaaaaaaaaaaaaaa',
    'AKIAABCDEFGHIJKLMNOP',
    `AIza${'a'.repeat(35)}`,
    'sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaa',
    'eyJaaaaaaaaaaaa.eyJaaaaaaaaaaaa.aaaaaaaaaaaa',
    'https://user:passw0rd123@host',
    '-----BEGIN PRIVATE KEY-----\n',
    'MIIEvgIBADANBgkqhkiG9w0B',
    '-----END PRIVATE KEY-----',
    'Proc-Type: 4,ENCRYPTED\n',
    'src/index.ts',
  ],
  run(bytes) {
    const text = Buffer.from(bytes).toString()
    const visible = visibleText(text)
    acceptanceCriteria(visible)
    namedFiles(text, ['src/index.ts', 'README.md'])
    const redacted = redactSecrets(text)
    same(redactSecrets(redacted), redacted, 'redacted twice')
    same(findSecrets(redacted), [], 'secrets after redacting')
    promised(/^[a-z0-9-]{0,40}$/.test(slug(text)), 'a slug of other characters')
    for (const [how, out] of [
      ['a block', neutralise(text, { ownIssue: null, limit: 10_000 })],
      ['a presented block', block(text, null, 10_000)],
      ['a quote', quote(text, 10_000)],
      ['a title', neutraliseTitle(text)],
      ['inline', inline(text)],
      ['a code span', code(text)],
    ] as const) {
      promised(out.length <= 10_000 || how === 'inline', `${how} of ${out.length} characters`)
      promised(!MENTION.test(out), `${how} mentions somebody`)
      promised(foreignClosings(out, OWN).length === 0, `${how} closes an issue`)
      promised(how === 'a title' || !COMMAND.test(out), `${how} has a command`)
    }
  },
}
