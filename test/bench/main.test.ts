import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['bench/main.ts', ...args], { encoding: 'utf8' })

test('all cases and their goals are shown when asked for the list', () => {
  const { status, stdout } = bench('--list')
  expect(status).toBe(0)
  expect(stdout).toMatch(/handover-own +.*\(under 100 ms\)/)
})

test('nothing is measured and the name is said when a case is unknown', () => {
  const { status, stdout, stderr } = bench('handover', 'nonsense')
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' })
  expect(stderr).toMatch(/^There is no case nonsense\. The cases are: handover, demo, /)
})
