import { readFile, writeFile } from 'node:fs/promises'
import type { Report, ReportRow } from './report.ts'

const BEGIN = '<!-- table: made by `npm run bench -- --readme FILE` -->'
const END = '<!-- end of table -->'

/** A number as people read it: whole above 100, else one or two digits behind the point. */
function readable(value: number): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}

function cells(row: ReportRow): string[] {
  const { reference, ratio } = row
  const compared = reference ? `${reference.name}: ${readable(reference.value)}` : ''
  return [
    row.name,
    `${readable(row.value)} ${row.unit}`,
    row.p50 === undefined ? '' : readable(row.p50),
    row.p99 === undefined ? '' : readable(row.p99),
    ratio === undefined ? compared : `${compared} (${readable(ratio)} times)`,
    row.goal ?? '',
    row.met === null ? '' : row.met ? 'yes' : 'NO',
  ]
}

const HEADINGS = ['case', 'value', 'p50', 'p99', 'reference', 'goal', 'met']

/** For a terminal: columns of equal width. */
export function textTable(rows: readonly ReportRow[]): string {
  const lines = [HEADINGS, ...rows.map(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** For a README: the table, and on which machine and day it was made. */
export function markdownTable({ cases, date, machine }: Report): string {
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`
  return [
    line(HEADINGS),
    line(HEADINGS.map(() => '---')),
    ...cases.map((row) => line(cells(row))),
    '',
    `${date.slice(0, 10)}, ${machine.cpus} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.os}, Node ${machine.node}, load before the run ${machine.load}.`,
  ].join('\n')
}

/** The page with its table replaced. Throws when it has no place for one. */
export function withTable(page: string, report: Report): string {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error(`the page needs "${BEGIN}" and "${END}"`)
  return `${before}${BEGIN}\n\n${markdownTable(report)}\n\n${END}${after}`
}

/** Writes the report's table into a page. */
export async function rewriteTable(file: string | URL, report: Report): Promise<void> {
  await writeFile(file, withTable(await readFile(file, 'utf8'), report))
}
