import { readFile } from 'node:fs/promises'
import { startLocalGitHub } from '../../src/local-github/server.ts'

const OWNER = 'maya'
const REPOSITORY = `${OWNER}/numbers`
const PAGE = await readFile(new URL('../../docs/architecture.md', import.meta.url), 'utf8')

/** A webhook as GitHub sends it. */
export interface Payload {
  event: string
  body: Buffer
}

/** The `issues.labeled` of an issue whose text is just long enough that its webhook has `bytes` bytes. */
export async function labelledPayload(bytes: number): Promise<Payload> {
  const github = await startLocalGitHub()
  try {
    await github.createRepository({ owner: OWNER, name: 'numbers', files: { 'README.md': '# numbers\n' } })
    await github.install([REPOSITORY])
    const { token } = github.createUser(OWNER)
    const call = async (path: string, body: object): Promise<void> => {
      const response = await fetch(`${github.apiUrl}/repos/${REPOSITORY}${path}`, {
        method: 'POST',
        headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`)
    }
    const labelled = async (number: number, body: string): Promise<Buffer> => {
      await call('/issues', { title: 'sum of an empty list', body })
      await call(`/issues/${number}/labels`, { labels: ['process'] })
      const found = github
        .deliveries()
        .findLast(({ event, action }) => event === 'issues' && action === 'labeled')
      if (found === undefined) throw new Error('the label made no webhook')
      return Buffer.from(found.payload)
    }
    github.setWebhook({ url: github.url })
    await call('/labels', { name: 'process', color: '1f883d' })
    const short = await labelled(1, prose(1))
    const missing = bytes - short.length
    if (missing < 0) throw new Error(`a webhook has at least ${short.length} bytes`)
    return { event: 'issues', body: await labelled(2, prose(1 + missing)) }
  } finally {
    await github.stop()
  }
}

/** Prose that takes `bytes` bytes in JSON: a page of ours, since one sentence again and again would compress too well. */
function prose(bytes: number): string {
  let text = ''
  let left = bytes
  for (const letter of PAGE) {
    const size = Buffer.byteLength(JSON.stringify(letter)) - 2
    if (size > left) break
    text += letter
    left -= size
  }
  return text + '.'.repeat(left)
}
