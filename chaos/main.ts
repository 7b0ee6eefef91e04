import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { INVARIANTS, type Invariant, type Violation } from './invariants/violation.ts'
import { Journal } from './journal.ts'
import { plantedRun } from './planted-run.ts'
import { Run, type RunOptions } from './run.ts'
import { missingLoad, summary } from './tally.ts'
import { removeWorld, startWorld, type World } from './world.ts'

const INTERRUPTED = 130
const FAILED = 2
const BROKEN = 1

interface Options {
  minutes: string
  seed: string
  lease?: string
  agents: string
  projects: string
  servers: string
  plant?: Invariant
  log?: string
  keep?: boolean
}

await new Command('chaos')
  .description('kills, stops and confuses everything for some minutes, and checks that nothing comes of it')
  .option('--minutes <n>', 'the time during which faults come', '5')
  .option('--seed <n>', 'the plan of faults', String(Date.now() % 1_000_000))
  .option('--lease <seconds>', "the sessions' lease; what belongs to it is scaled (default: 60)")
  .option('--projects <n>', 'repositories', '4')
  .option('--agents <n>', 'runners', '8')
  .option('--servers <n>', 'replicas', '2')
  .addOption(
    new Option('--plant <invariant>', 'plants a defect instead of faults: the run must catch it').choices(
      Object.keys(INVARIANTS),
    ),
  )
  .option('--log <file>', 'where each fault and violation is written')
  .option('--keep', 'keeps the directory of the world also after success')
  .action(async (options: Options) => {
    process.exitCode = await main(options)
  })
  .parseAsync()

async function main(options: Options): Promise<number> {
  const run: RunOptions = {
    seed: whole(options.seed, '--seed', 0),
    minutes: options.plant === undefined ? whole(options.minutes, '--minutes', 1) : 0,
    projects: whole(options.projects, '--projects', 1),
    agents: whole(options.agents, '--agents', 1),
    servers: whole(options.servers, '--servers', 1),
    leaseSeconds: whole(options.lease ?? (options.plant === undefined ? '60' : '15'), '--lease', 5),
  }
  const file = resolve(options.log ?? join(tmpdir(), `mission-control-chaos-${run.seed}-${process.pid}.log`))
  const journal = new Journal(file)
  say(`seed ${run.seed}, ${run.minutes} minutes; the log is ${file}`)
  const stack = new AsyncDisposableStack()
  let world: World | null = null
  let good = false
  let ending: Promise<void> | null = null
  const endWith = (code: number): void => {
    // the run goes on meanwhile and fails: that is no news
    ending ??= clear(stack, code === INTERRUPTED ? world : null).finally(() => process.exit(code))
  }
  const interrupt = (signal: NodeJS.Signals): void => {
    journal.write(`interrupted by ${signal}`)
    say('interrupted: ending what was started')
    endWith(INTERRUPTED)
  }
  const crash = (error: unknown): void => {
    if (ending !== null) return
    journal.write(`the run itself failed: ${error instanceof Error ? error.stack : error}`)
    console.error('the run itself failed:', error)
    endWith(FAILED)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  // whatever happens to us, what we started ends
  process.on('uncaughtException', crash)
  try {
    world = await startWorld(stack, run, (line) => journal.write(line))
    journal.write(`the world is ${world.directory}`)
    if (options.plant !== undefined)
      return (await planted(world, options.plant, stack, journal)) ? BROKEN : FAILED
    good = await faulty(world, run, journal)
    return good ? 0 : BROKEN
  } catch (error) {
    crash(error)
    await ending
    throw error
  } finally {
    await stack.disposeAsync()
    if (world !== null && (good || options.plant !== undefined) && !options.keep)
      await removeWorld(world.directory)
    else if (world !== null) say(`the files and logs of the world are kept in ${world.directory}`)
    journal.close()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    process.off('uncaughtException', crash)
  }
}

/** Ends everything; the files go as well when a world is given. */
async function clear(stack: AsyncDisposableStack, world: World | null): Promise<void> {
  await stack.disposeAsync()
  if (world !== null) await removeWorld(world.directory)
}

function say(line: string): void {
  console.log(line)
}

/** Whether the run had its load and nothing was broken. */
async function faulty(world: World, options: RunOptions, journal: Journal): Promise<boolean> {
  const result = await new Run(world, options, journal, say).all()
  for (const subject of await world.shutDown()) {
    const detail = 'left when all had ended'
    result.violations.push({ invariant: 'no-orphan-process', subject, detail })
    say(`violation no-orphan-process ${subject}: ${detail}`)
  }
  const text = summary(result)
  const missing = missingLoad(result).map((lack) => `too little: ${lack}`)
  for (const line of [text, ...missing, ...verdict(result.violations)]) {
    journal.write(line)
    say(line)
  }
  return result.violations.length === 0 && missing.length === 0
}

/** Whether what was planted was found broken, and nothing else. */
async function planted(
  world: World,
  invariant: Invariant,
  stack: AsyncDisposableStack,
  journal: Journal,
): Promise<boolean> {
  const violations = await plantedRun(world, invariant, stack, say)
  for (const { invariant: broken, subject, detail } of violations) {
    const line = `violation ${broken} ${subject}: ${detail}`
    journal.write(line)
    say(line)
  }
  const caught = violations.length > 0 && violations.every((violation) => violation.invariant === invariant)
  for (const line of verdict(violations)) say(line)
  say(
    caught
      ? `the planted defect was caught: ${invariant}`
      : `the planted defect was NOT caught: ${invariant}`,
  )
  return caught
}

function verdict(violations: readonly Violation[]): string[] {
  const broken = [...new Set(violations.map(({ invariant }) => invariant))]
  return broken.map((invariant) => `broken: ${invariant}: ${INVARIANTS[invariant]}`)
}

function whole(text: string, name: string, least: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${name}: expected a whole number from ${least}`)
  return value
}
