import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { thisMachine } from './machine.ts'
import { cases, chooseCases } from './registry.ts'
import { Report, type ReportRow } from './report.ts'
import { INTERRUPTED, Interrupted, interruption, runCase } from './run.ts'
import { rewriteTable, textTable } from './table.ts'

const README = new URL('./README.md', import.meta.url)
const EX_USAGE = 64

interface Options {
  json?: string
  list?: boolean
  readme?: string
  profile?: string
}

await new Command('bench')
  .description('measures what is promised about speed and size, on this machine')
  .argument('[case...]', 'cases to measure; all when left out (--list shows them)')
  .option('--json <file>', 'writes the report there')
  .option('--list', 'shows the cases and their goals, measures nothing')
  .option('--readme <file>', 'writes the table of a report into bench/README.md, measures nothing')
  .option('--profile <directory>', 'keeps CPU profiles of the measured server there')
  .action(async (names: string[], options: Options) => {
    if (options.list) list()
    else if (options.readme === undefined) await measure(names, options)
    else await rewriteTable(README, Report.parse(JSON.parse(await readFile(options.readme, 'utf8'))))
  })
  .parseAsync()

function list(): void {
  const width = 2 + Math.max(...cases.flatMap(({ rows }) => rows.map(({ name }) => name.length)))
  for (const { name, rows } of cases) {
    console.log(name)
    for (const row of rows) {
      const goal = row.goal === null ? '' : ` (${row.goal} ${row.unit})`
      console.log(`  ${row.name.padEnd(width)}${row.about}${goal}`)
    }
  }
}

async function measure(names: readonly string[], options: Options): Promise<void> {
  const choice = chooseCases(names)
  if (!choice.ok) {
    console.error(
      `There is no case ${choice.unknown.join(', ')}. The cases are: ${cases.map(({ name }) => name).join(', ')}.`,
    )
    process.exitCode = EX_USAGE
    return
  }
  const machine = thisMachine()
  const interrupted = interruption()
  const profiles = options.profile === undefined ? null : resolve(options.profile)
  const rows: ReportRow[] = []
  try {
    for (const one of choice.chosen) {
      rows.push(...(await runCase(one, { say: (text) => console.error(text), profiles, interrupted })))
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    console.error(error.message)
    // what it started is stopped; the case itself would go on
    process.exit(INTERRUPTED)
  }
  const report = Report.parse({ machine, date: new Date().toISOString(), cases: rows })
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
  console.log(textTable(rows))
}
