/**
 * What the agent of the case `calls` runs: it does what the title asks of it. "ask" asks until the answer is in
 * the prompt, "fail" fails at the first attempt, anything else changes a file. The argument is a directory to remember
 * the attempts in.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

const [memory] = process.argv.slice(2)
if (memory === undefined) throw new Error('a directory is missing')
const title = required('MISSION_CONTROL_TASK_TITLE')
const number = required('MISSION_CONTROL_TASK_NUMBER')
const prompt = readFileSync(required('MISSION_CONTROL_PROMPT_FILE'), 'utf8')

function firstTime(directory: string): boolean {
  try {
    writeFileSync(join(directory, `failed-${number}`), '', { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

if (title.startsWith('ask') && !prompt.includes('It is 42.')) {
  const report = {
    outcome: 'needs_clarification',
    summary: 'One thing is open.',
    question: 'How much is it?',
  }
  writeFileSync(required('MISSION_CONTROL_USAGE_FILE'), JSON.stringify(report))
} else if (title.startsWith('fail') && firstTime(memory)) {
  process.exitCode = 1
} else {
  writeFileSync(`answer-${number}.txt`, '42\n')
}
