import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { type Applied, describe, Faults } from './faults.ts'
import { endingOf, taskStates } from './invariants/ending.ts'
import type { Violation } from './invariants/violation.ts'
import { isDatabaseAway, Watch } from './invariants/watch.ts'
import type { Journal } from './journal.ts'
import { type PlannedFault, planFaults } from './plan.ts'
import { endingsOf, type Result, Tally } from './tally.ts'
import { explain } from './trouble.ts'
import type { World } from './world.ts'

export interface RunOptions {
  seed: number
  minutes: number
  projects: number
  agents: number
  servers: number
  leaseSeconds: number
}

const OPEN_TASKS = 20
const MOST_A_LOOK = 2
const LOOK_MS = 1_000
const FAULT_LOOK_MS = 500
/** Says on the terminal how it stands. */
const SAY_MS = 15_000

/** Lets a plan happen to a world, watches it all along, and answers what it came to. */
export class Run {
  readonly violations: Violation[] = []
  readonly #world: World
  readonly #journal: Journal
  readonly #options: RunOptions
  readonly #say: (line: string) => void
  readonly #watch: Watch
  readonly #tally: Tally
  readonly #plan: PlannedFault[]
  #looks = 0
  #blindLooks = 0
  #ended = 0
  #faulting = true

  constructor(world: World, options: RunOptions, journal: Journal, say: (line: string) => void) {
    this.#world = world
    this.#options = options
    this.#journal = journal
    this.#say = say
    this.#watch = new Watch(world.subject)
    this.#plan = planFaults(options)
    this.#tally = new Tally(this.#plan)
  }

  async all(): Promise<Result> {
    this.#journal.begin()
    const watching = this.#watchOn()
    const loading = this.#loadOn()
    // a look waits while the database is stopped
    const saying = setInterval(() => this.#say(this.#line()), SAY_MS)
    await Promise.race([this.#fault(), watching, loading])
    this.#faulting = false
    await Promise.all([watching, loading]).finally(() => clearInterval(saying))
    // what was held back for a later delivery, and those that are late, are faults until they have arrived
    await this.#world.github.flushWebhooks()
    const lastFault = Date.now()
    const patience = 2 * this.#world.subject.leaseMs
    this.#say(
      `faults are over; waiting at most ${Math.round(patience / 1_000)} s until everything has settled`,
    )
    const { violations } = await this.#watch.converge(patience)
    const converged = violations.length === 0 ? (Date.now() - lastFault) / 1_000 : null
    await this.#report(violations)
    const end = await this.#watch.end()
    await this.#report(end.violations)
    return this.#result(end.tasks, converged)
  }

  /** Applies the plan, then waits until what was stopped goes on. */
  async #fault(): Promise<void> {
    const start = Date.now()
    const stops = new Set<number>()
    const faults = new Faults(this.#world, (fault, what) => this.#becomes(fault, what))
    for (const fault of this.#plan) {
      while (Date.now() - start < fault.at) {
        await delay(Math.min(FAULT_LOOK_MS, Math.max(1, fault.at - (Date.now() - start))))
        await faults.look()
      }
      if (fault.kind.startsWith('stop-')) stops.add(fault.id)
      const what = await faults.apply(fault, () => {
        stops.delete(fault.id)
        this.#journal.write(`fault ${fault.id} over: ${fault.kind} ${fault.target}`)
      })
      if (what === 'not-applied') stops.delete(fault.id)
    }
    const end = start + this.#options.minutes * 60_000
    while (stops.size > 0 || Date.now() < end) {
      await delay(FAULT_LOOK_MS)
      await faults.look()
    }
    await faults.end()
  }

  #becomes(fault: PlannedFault, what: Applied): void {
    this.#tally.count(fault, what)
    this.#journal.write(
      `fault ${fault.id} ${what}: ${describe(fault)} (planned at +${(fault.at / 1_000).toFixed(3)})`,
    )
  }

  /** Looks about every second until the faults are over. */
  async #watchOn(): Promise<void> {
    while (this.#faulting) {
      const start = Date.now()
      try {
        await this.#report(await this.#watch.look())
        this.#ended = (await taskStates(this.#world.db)).filter((task) => endingOf(task).ended).length
        this.#looks += 1
      } catch (error) {
        if (!isDatabaseAway(error)) throw error
        this.#blindLooks += 1
      }
      await delay(Math.max(50, LOOK_MS - (Date.now() - start)))
    }
  }

  /** Keeps twenty tasks open. */
  async #loadOn(): Promise<void> {
    const { load } = this.#world
    while (this.#faulting) {
      const wanted = Math.min(MOST_A_LOOK, OPEN_TASKS - (load.asked.length - this.#ended))
      const first = load.asked.length < OPEN_TASKS ? OPEN_TASKS - load.asked.length : wanted
      for (let count = 0; count < first && this.#faulting; count += 1) await load.ask()
      await delay(LOOK_MS * 2)
    }
  }

  #line(): string {
    const { asked } = this.#world.load
    const faults = Object.values(this.#tally.applied).reduce((total, count) => total + count, 0)
    return `${Math.round(this.#journal.elapsed())} s: ${faults} faults, ${asked.length} tasks, ${this.#ended} ended, ${this.violations.length} violations`
  }

  async #report(violations: readonly Violation[]): Promise<void> {
    for (const violation of violations) {
      this.violations.push(violation)
      const line = `violation ${violation.invariant} ${violation.subject}: ${violation.detail}`
      this.#journal.write(line)
      this.#say(line)
      for (const detail of await explain(this.#world, violation)) this.#journal.write(`  ${detail}`)
    }
  }

  async #result(
    tasks: Awaited<ReturnType<typeof taskStates>>,
    convergedSeconds: number | null,
  ): Promise<Result> {
    const { db, github, postgres, servers, agents } = this.#world
    const failures = await github.failures()
    for (const failure of failures) this.#journal.write(`the local GitHub failed: ${failure}`)
    const { rows } = await sql<{ ending: string; count: number }>`
      select status || coalesce(': ' || failure, '') as ending, count(*) as count from sessions group by 1 order by 1`.execute(
      db,
    )
    const ends = [postgres, ...servers, ...agents].flatMap(({ name, ownEnds }): [string, number][] =>
      ownEnds > 0 ? [[name, ownEnds]] : [],
    )
    return {
      ...this.#options,
      ...{ planned: this.#tally.planned, applied: this.#tally.applied },
      endings: endingsOf(tasks),
      tasks: this.#world.load.asked.length,
      sessions: Object.fromEntries(rows.map(({ ending, count }) => [ending, Number(count)])),
      ...{ looks: this.#looks, blindLooks: this.#blindLooks, convergedSeconds },
      ownEnds: Object.fromEntries(ends),
      webhooks: await github.deliveryCounts(),
      requests: await github.requestCounts(),
      githubFailures: failures.length,
      violations: this.violations,
    }
  }
}
