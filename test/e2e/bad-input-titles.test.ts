import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Assignment } from '../../src/protocol/assignment.ts'
import type { ScriptedAgent } from '../harness/scripted-agent.ts'
import { statusComments } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

const rtl = '\u202e\u05d0\u05d1\u05d2 gnp.exe \u202c'
const TITLES = [
  '😀'.repeat(256),
  '👩‍👩‍👧‍👦 family 🏳️‍🌈',
  'هذا عنوان باللغة العربية',
  `${rtl} right to left override`,
  'zero\u200bwidth\u200djoiner\ufeffs and \u00adsoft hyphens',
  '\u200b\u200b\u200b',
  '$(rm -rf /) `touch /tmp/owned` ; echo $HOME && true | cat',
  '"; drop table tasks; --',
  ']]> <!-- --> </table><script>alert(1)</script><img src=x onerror=alert(1)>',
  '| a | table | row | ![image](https://evil.example/x.png) [link](javascript:alert(1))',
  'line\\none\nand \r\n a second one',
  '../../etc/passwd',
  'refs/heads/main.lock',
  'main@{upstream} HEAD~1 ^main :/fix',
  '--upload-pack=touch',
  '-',
  '.',
  '@',
  'fixes #1, closes #2 and resolves maya/project#3',
  '@maya @octocat please look',
  'Same title',
  'Same title',
  'a'.repeat(256),
  `${'word '.repeat(51)}x`,
  'ﬁnal ⅷ ① ÄÖÜ ß İ ı',
  '/cancel',
  '%00 %0a &lt;b&gt; &#64;maya',
]

let world: World

beforeAll(async () => {
  world = await createWorld({
    files: {
      '.github/mission-control.yml': 'limits: { concurrent_sessions: 1000 }\n',
      // not text at all, as some editors save it
      'AGENTS.md': Buffer.from('Be careful.', 'utf16le').toString('latin1'),
    },
  })
})
afterAll(() => world.stop())

/** Collects assignments until each of these issues has one. */
async function assignments(
  agent: ScriptedAgent,
  numbers: readonly number[],
): Promise<Map<number, Assignment>> {
  const found = new Map<number, Assignment>()
  while (numbers.some((number) => !found.has(number))) {
    const assignment = await agent.assignment()
    await agent.accept(assignment)
    found.set(assignment.task.number, assignment)
  }
  return found
}

test('titles of every kind lead to valid, different branches and to status comments that hold together', async () => {
  const agent = await world.scriptedAgent('ada', { maxConcurrent: 100 })
  const numbers: number[] = []
  for (const title of TITLES) numbers.push(await world.openIssue({ title, labels: ['agent: ada'] }))
  await Promise.all(numbers.map((number) => world.process(number)))
  const found = await assignments(agent, numbers)
  const branches = numbers.map((number) => found.get(number)?.git.branch ?? '')
  for (const branch of branches) {
    expect(branch).toMatch(/^agent\/ada-(?:[a-z0-9-]+-)?[0-9]+$/)
    expect(branch.length).toBeLessThanOrEqual(100)
    execFileSync('git', ['check-ref-format', '--branch', branch])
  }
  expect(new Set(branches).size).toBe(TITLES.length)
  for (const [index, number] of numbers.entries()) {
    const assignment = found.get(number)
    expect(assignment?.context.markdown.isWellFormed()).toBe(true)
    expect(assignment?.context.markdown).toContain(`# Task #${number}`)
    expect(assignment?.context.markdown).not.toMatch(/[\u202a-\u202e\u200b\ufeff]/)
    expect((await world.task(number))?.title, TITLES[index]).toBeTruthy()
  }
  await until('each issue has its comment', async () => {
    const all = await Promise.all(numbers.map((number) => statusComments(world, number)))
    return all.every((comments) => comments.length === 1 && comments[0]?.includes('ada is at work'))
  })
})
