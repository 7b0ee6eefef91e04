/**
 * The program that the demo's agents run: no model, but real edits. When the issue has a failing test and says
 * where the code is, it adds the test and searches small changes of the code (an operator, a swapped name)
 * until all tests pass. Any other request is written down in a file of its own.
 *
 * It reads the prompt at MISSION_CONTROL_PROMPT_FILE and works in the current directory, as any program that is
 * run by the `command` driver does.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { candidates } from './repair.ts'

interface Report {
  title: string
  summary: string
  outcome: 'pull_request' | 'failed'
}

function work(prompt: string, number: string, title: string): Report {
  const test = /Add it as `(test\/[\w.-]+\.js)`:\s*```js\n([\s\S]*?)```/.exec(prompt)
  const code = /The code is in `(src\/[\w./-]+\.js)`/.exec(prompt)
  if (test?.[1] && test[2] && code?.[1]) return repair(test[1], test[2], code[1], title)
  return writeDown(prompt, number, title)
}

function repair(testPath: string, testCode: string, codePath: string, title: string): Report {
  writeFileSync(testPath, testCode)
  const original = readFileSync(codePath, 'utf8')
  if (passes([testPath]))
    return { title, summary: `\`${testPath}\` passes already; it was added.`, outcome: 'pull_request' }
  let tried = 0
  for (const candidate of candidates(original)) {
    tried += 1
    writeFileSync(codePath, candidate.text)
    if (passes([testPath]) && passes([])) {
      const summary = `Changed ${candidate.what} in \`${codePath}\` (change ${tried} of those tried) and added \`${testPath}\`. All tests pass.`
      return { title: `Fix: ${title}`, summary, outcome: 'pull_request' }
    }
  }
  writeFileSync(codePath, original)
  return {
    title,
    summary: `None of ${tried} small changes of \`${codePath}\` makes the test pass.`,
    outcome: 'failed',
  }
}

/** Runs test files, all of them when none is named. */
function passes(files: string[]): boolean {
  const run = spawnSync(process.execPath, ['--test', '--test-reporter=dot', ...files], {
    stdio: 'ignore',
    timeout: 20_000,
  })
  return run.status === 0
}

function writeDown(prompt: string, number: string, title: string): Report {
  const path = `requests/issue-${number}.md`
  const issue = /## The issue\n([\s\S]*?)(?=\n## )/.exec(prompt)?.[1]?.trim() ?? title
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `# ${title.replaceAll('\n', ' ')}\n\n${issue}\n`)
  return {
    title: `Write down: ${title}`,
    summary: `Wrote the request down in \`${path}\`.`,
    outcome: 'pull_request',
  }
}

function required(name: string): string {
  // biome-ignore lint/style/noProcessEnv: a program run by an agent, not a part of the server
  const value = process.env[name]
  if (value === undefined)
    throw new Error(`${name} is not set: this program is run by \`mission-control agent\``)
  return value
}

const prompt = readFileSync(required('MISSION_CONTROL_PROMPT_FILE'), 'utf8')
const report = work(prompt, required('MISSION_CONTROL_TASK_NUMBER'), required('MISSION_CONTROL_TASK_TITLE'))
writeFileSync(
  required('MISSION_CONTROL_USAGE_FILE'),
  JSON.stringify({ ...report, model: 'none (a search program)' }),
)
