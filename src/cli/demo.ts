import { Command, Option } from 'commander'
import { WEBHOOK_PATH } from '../api/server.ts'
import { processEnvironment } from '../config.ts'
import { openDatabase } from '../db/pool.ts'
import { createLogger } from '../runtime/logger.ts'
import { type Display, jsonDisplay, textDisplay } from './demo/display.ts'
import { type Driver, ProgramMissing, prepareDriver } from './demo/driver.ts'
import { playFirstIssue } from './demo/story.ts'
import { startWorld, type World } from './demo/world.ts'
import { untilSignal } from './settings.ts'

/** As sysexits(3) has it: a program that is needed is not there. */
const EX_UNAVAILABLE = 69

interface DemoOptions {
  agent: Driver['provider']
  json?: boolean
  exit?: boolean
  play: boolean
  verbose?: boolean
}

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'runs the whole loop on this machine with no account: a local GitHub with real git, the server, two agents; plays the maintainer for the first issue and stays up for you to try the rest',
    )
    .addOption(
      new Option(
        '--agent <driver>',
        'what the two agents run: a search program, or an installed Claude Code or Codex (with the real model when its key is set, else with a scripted one)',
      )
        .choices(['command', 'claude-code', 'codex'])
        .default('command'),
    )
    .option('--json', 'prints JSON lines instead of the progress display')
    .option('--exit', 'ends when the first issue is merged, with status 0')
    .option('--no-play', 'starts everything and leaves the first issue to you')
    .option('--verbose', 'shows the server’s log')
    .action(async (options: DemoOptions) => {
      process.exitCode = await runDemo(options, options.json ? jsonDisplay() : textDisplay())
    })
}

/** Answers the exit status. Everything that was started is stopped, whatever happens. */
async function runDemo(options: DemoOptions, display: Display): Promise<number> {
  // Node's clock starts with the process: what a person waits for is counted from there
  const startedAt = 0
  const logger = createLogger(options.verbose ? 'debug' : 'error')
  const driver = await prepareDriver(options.agent, processEnvironment()).catch(missing)
  if (driver === null) return EX_UNAVAILABLE
  const signalled = Promise.race([untilSignal(), untilNobodyReads()])
  display.starting()
  const world = await startWorld(logger, driver)
  const { db, close } = openDatabase(world.server.databaseUrl, { max: 2, logger })
  try {
    display.ready(readyEvent(world))
    if (options.play) {
      const played = playFirstIssue(world, db, startedAt, (step) => display.step(step))
      const ended = await Promise.race([played, signalled])
      if (typeof ended === 'string') return 130
      display.done(ended)
    }
    if (options.exit) return 0
    display.staying(readyEvent(world))
    await signalled
    return 0
  } catch (error) {
    display.failed(error, world.directory)
    return 1
  } finally {
    await close()
    await world.stop()
  }
}

/** `--json | head -1`: an unheard error of the stream would end this process and leave all that it started. */
function untilNobodyReads(): Promise<'closed'> {
  return new Promise((resolve) => process.stdout.on('error', () => resolve('closed')))
}

function missing(error: unknown): null {
  if (!(error instanceof ProgramMissing)) throw error
  console.error(error.message)
  return null
}

/** What a person, or a program that reads `--json`, needs to take part. */
export interface ReadyEvent {
  event: 'ready'
  server: { url: string; webhookPath: string; webhookSecret: string }
  github: { apiUrl: string; gitUrl: string; webUrl: string; tokens: { maintainer: string; outsider: string } }
  repository: string
  issues: { number: number; title: string; url: string }[]
  /** What the agents run, and what thinks in it. */
  agents: { driver: string; thinking: string }
}

function readyEvent(world: World): ReadyEvent {
  const { apiUrl, gitUrl, webUrl } = world.github
  return {
    event: 'ready',
    server: { url: world.server.url, webhookPath: WEBHOOK_PATH, webhookSecret: world.webhookSecret },
    github: { apiUrl, gitUrl, webUrl, tokens: world.tokens },
    repository: world.repository,
    issues: world.issues,
    agents: { driver: world.driver.provider, thinking: world.driver.thinking },
  }
}
