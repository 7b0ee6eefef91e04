import type { ReadyEvent } from '../demo.ts'
import type { Ending, Step } from './story.ts'

/** How the demo shows itself: to a person, or to a program. */
export interface Display {
  starting(): void
  ready(event: ReadyEvent): void
  step(step: Step): void
  done(ending: Ending): void
  staying(event: ReadyEvent): void
  failed(error: unknown, directory: string): void
}

/** JSON lines on standard output: `ready`, one line per step, `done`. Failures go to standard error. */
export function jsonDisplay(): Display {
  const line = (value: object): void => console.log(JSON.stringify(value))
  return {
    starting: () => {},
    ready: line,
    step: line,
    done: line,
    staying: () => {},
    failed: (error) => console.error(error),
  }
}

const WORDS: Record<string, string> = {
  labelled: 'the maintainer adds the label `process`',
  requested: 'Mission Control takes the request',
  claimed: 'an agent is chosen; its context, branch and lease are made',
  session_acknowledged: 'the agent is at work in its own worktree',
  session_progressed: 'the agent reports',
  commits_published: 'its push passed the checks and is on GitHub',
  session_completed: 'the agent says that it is done',
  pull_request_ready: 'the pull request is open; the task waits for review',
  merged: 'the maintainer merges it',
  pull_request_merged: 'the task is done',
  closed_completed: 'GitHub closed the issue',
}

/** Lines for a person: time, what happened, detail. Colours only on a terminal. */
export function textDisplay(): Display {
  const colours = process.stdout.isTTY === true
  const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const time = (ms: number): string => paint(2, `${(ms / 1000).toFixed(2).padStart(6)} s`)
  return {
    starting: () => console.log('Starting PostgreSQL, a local GitHub, the server and two agents …'),
    ready(event) {
      console.log(`\n  GitHub (local)  ${event.github.webUrl}/${event.repository}`)
      console.log(`  Server          ${event.server.url}`)
      console.log(`  Agents          ${event.agents.thinking}\n`)
    },
    step(step) {
      const detail = [step.agent, step.branch, step.message].find((text) => typeof text === 'string')
      const words = WORDS[step.event] ?? step.event.replaceAll('_', ' ')
      console.log(`${time(step.elapsedMs)}  ${words}${detail ? paint(36, `  ${detail}`) : ''}`)
    },
    done(ending) {
      console.log(
        `\n${paint(32, 'Merged.')} From the start of this command: ${(ending.elapsedMs / 1000).toFixed(1)} s`,
      )
      console.log(`  issue         ${ending.issueUrl}`)
      console.log(`  pull request  ${ending.pullRequestUrl}`)
      console.log(`  branch        ${ending.branch} (${ending.commit.slice(0, 12)})`)
      console.log(`  GitHub calls  ${ending.githubCalls}, of these ${ending.contentCalls} create content`)
    },
    staying(event) {
      console.log('\nNow you: open an issue and press its `process` button, then merge what the agent made.')
      console.log(`  ${event.github.webUrl}/${event.repository}/issues`)
      console.log('Ctrl-C ends and removes everything.')
    },
    failed(error, directory) {
      console.error(paint(31, 'The demo failed:'), error instanceof Error ? error.message : error)
      console.error(`Run it with --verbose to see the log (this run was in ${directory}).`)
    },
  }
}
