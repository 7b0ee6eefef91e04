import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { cases, chooseCases } from '../../bench/registry.ts'
import { Goal, meets, Report, reportRow } from '../../bench/report.ts'
import { markdownTable, textTable, withTable } from '../../bench/table.ts'

const row = { name: 'handover', unit: 'ms', goal: 'under 250' } as const

describe('goals', () => {
  test.each([
    ['under 250', 249.9, true],
    ['under 250', 250, false],
    ['at most 14', 14, true],
    ['at most 14', 15, false],
    ['at least 1000', 1000, true],
    ['at least 1000', 999, false],
  ] as const)('%s and %d: met is %s', (goal, value, met) => {
    expect(meets(goal, value)).toBe(met)
  })

  test('a goal is refused when its words or its number are unknown', () => {
    expect(Goal.safeParse('below 250').success).toBe(false)
    expect(Goal.safeParse('under many').success).toBe(false)
  })
})

describe('rows of the report', () => {
  test('the ratio is to the reference of the same run', () => {
    const made = reportRow(row, { value: 90, p50: 90, p99: 120, reference: { name: 'bare', value: 3 } })
    expect(made).toEqual({
      name: 'handover',
      unit: 'ms',
      value: 90,
      p50: 90,
      p99: 120,
      reference: { name: 'bare', value: 3 },
      ratio: 30,
      goal: 'under 250',
      met: true,
    })
  })

  test('met is null when nothing is asked', () => {
    expect(reportRow({ ...row, goal: null }, { value: 1 }).met).toBeNull()
  })
})

describe('the registry', () => {
  test('every name is of one case only, and every goal can be read', () => {
    const names = cases.flatMap((one) => one.rows.map(({ name }) => name))
    expect(new Set(names).size).toBe(names.length)
    for (const { name, rows } of cases) {
      expect(cases.filter((other) => other.rows.some((one) => one.name === name)).length).toBeLessThan(2)
      for (const { goal } of rows) expect(Goal.nullable().safeParse(goal).success).toBe(true)
    }
  })

  test('a case is chosen once when it and one of its rows are named', () => {
    const choice = chooseCases(['handover-own', 'handover'])
    expect(choice.ok && choice.chosen.map(({ name }) => name)).toEqual(['handover'])
  })

  test('the unknown names are answered when one is unknown', () => {
    expect(chooseCases(['demo', 'nonsense'])).toEqual({ ok: false, unknown: ['nonsense'] })
  })
})

describe('tables', () => {
  const report = Report.parse({
    machine: { cpu: 'Some CPU', cpus: 2, memoryGiB: 24, os: 'Linux 6 x64', node: '24.0.0', load: 0.5 },
    date: '2026-01-02T03:04:05.000Z',
    cases: [reportRow(row, { value: 300.4, reference: { name: 'bare', value: 1.5 } })],
  })

  test('a missed goal catches the eye', () => {
    expect(textTable(report.cases)).toMatch(/handover +300 ms .*bare: 1\.50 \(200 times\) +under 250 +NO$/m)
  })

  test('a page keeps all else when its table is replaced', () => {
    const page =
      'before\n<!-- table: made by `npm run bench -- --readme FILE` -->\nold\n<!-- end of table -->\nafter\n'
    const once = withTable(page, report)
    expect(once).toContain('| handover | 300 ms |')
    expect(once).not.toContain('old')
    expect(once.startsWith('before\n') && once.endsWith('\nafter\n')).toBe(true)
    expect(withTable(once, report)).toBe(once)
  })

  test('a page without a place for the table is refused', () => {
    expect(() => withTable('nothing here', report)).toThrow('the page needs')
  })

  test('the table in bench/README.md is that of the last report', async () => {
    const last: unknown = JSON.parse(await readFile('bench/last-report.json', 'utf8'))
    expect(await readFile('bench/README.md', 'utf8')).toContain(markdownTable(Report.parse(last)))
  })
})
