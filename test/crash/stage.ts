import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CrashPoint } from '../../src/runtime/crash-points.ts'
import { readCrashFile } from '../harness/crash-orders.ts'
import type { MortalProcess } from '../harness/mortal-process.ts'
import { startRunnerProcess } from '../harness/runner-process.ts'
import { type ServerProcess, startServerProcess } from '../harness/server-process.ts'
import { createWorld, type World } from '../harness/world.ts'

/** The parts that die; the gateway is part of the server. */
export type Part = 'server' | 'runner'

/** `ada` may publish; `hal`'s owner may not write to the repository, so that his work waits for `/approve`. */
export const AGENTS = ['ada', 'hal'] as const
export type AgentName = (typeof AGENTS)[number]

/** A world whose server and runners are processes of their own. */
export interface Stage {
  world: World
  /** The file for which the program waits when the issue says so. */
  gate: string
  /** Where the runners and the server keep what they have. */
  directories: { runner(name: AgentName): string; mirrors: string; all: string[] }
  /** Lets `hal` join, if he has not. */
  summonHal(): void
  /** The part as it lives now; of the runners the one of `ada`. */
  part(part: Part): MortalProcess
  /** Starts the part again after it has ended, to die at a point if told. */
  revive(part: Part, dieAt?: CrashPoint): Promise<void>
  /** Process ids of what is meant to live. */
  living(): number[]
  /** All crash points that any life of the parts has passed. */
  passed(): ReadonlySet<string>
  stop(): Promise<void>
}

/** Short, so that lost leases and locks are over soon; a death costs no more than these. */
const POLICY = { leaseSeconds: 4, acknowledgeSeconds: 3, publishSeconds: 7 }
const PACE = 0.1

/** In the text of an issue: the program does what no agent may do. */
export const FORBIDDEN = 'Please change the workflows'
/** In the text of an issue: the program waits until the gate is open. */
export const WAITING = 'Please wait for the others'
/** An honest program: it looks at what is there before it works. A file per task: some are merged. */
const command = (gate: string): string => `if grep -q '${WAITING}' "$MISSION_CONTROL_PROMPT_FILE"
then while ! test -e '${gate}'; do sleep 0.05; done
fi
if grep -q '${FORBIDDEN}' "$MISSION_CONTROL_PROMPT_FILE"
then mkdir -p .github/workflows; echo 'on: push' > .github/workflows/new.yml
else work="$(git branch --show-current | tr / -).txt"; test -e "$work" || echo done > "$work"
fi`

export async function createStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'mc-crash-'))
  const files = (name: string) => ({
    crashFile: join(directory, `${name}.points`),
    cache: join(directory, 'compiled'),
  })
  const gate = join(directory, 'gate')
  let server: ServerProcess | null = null
  let next: CrashPoint | undefined
  const world = await createWorld({
    policy: POLICY,
    reconcileSeconds: PACE,
    // other tests look at what it answers
    github: { checkResponses: false },
    files: { '.github/mission-control.yml': 'limits: { max_attempts: 8 }\n' },
    start: async (config) => {
      server = await startServerProcess(config, { ...files('server'), dieAt: next })
      return server
    },
  })
  const keys = {
    // her runner takes one at a time: of two she declines one
    ada: await world.agentKey('ada', { maxConcurrent: 2 }),
    hal: await world.agentKey('hal', { ownerMayWrite: false }),
  }
  const workDir = (name: AgentName): string => join(directory, `agent-${name}`)
  const startRunner = (name: AgentName, dieAt?: CrashPoint): MortalProcess => {
    const options = { url: world.server.url, name, command: command(gate), workDir: workDir(name) }
    return startRunnerProcess(options, { ...files(name), key: keys[name], home: directory, dieAt })
  }
  const runners: { ada: MortalProcess; hal?: MortalProcess } = { ada: startRunner('ada') }
  const living = (): MortalProcess[] => [...(server ? [server] : []), ...Object.values(runners)]
  return {
    world,
    gate,
    directories: {
      runner: workDir,
      mirrors: world.mirrorsDirectory,
      all: [directory, join(world.mirrorsDirectory, '..')],
    },
    summonHal() {
      runners.hal ??= startRunner('hal')
    },
    part(part) {
      if (part === 'runner') return runners.ada
      if (server === null) throw new Error('the server was not started')
      return server
    },
    async revive(part, dieAt) {
      next = dieAt
      if (part === 'server') await world.restartServer()
      else runners.ada = startRunner('ada', dieAt)
    },
    living: () => living().map(({ pid }) => pid),
    passed: () =>
      new Set(
        ['server', ...AGENTS]
          .map((name) => files(name).crashFile)
          .filter((file) => existsSync(file))
          .flatMap((file) => readCrashFile(readFileSync(file, 'utf8')).passed),
      ),
    async stop() {
      for (const name of AGENTS) await runners[name]?.stop()
      await world.stop()
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
