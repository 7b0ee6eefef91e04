/** The small repository that the demo works on, and the issues that its maintainer opens. */

export const OWNER = 'maya'
export const REPOSITORY = 'numbers'
export const OUTSIDER = 'oscar'

export const FILES: Record<string, string> = {
  'README.md': '# numbers\n\nSmall functions over lists of numbers. `node --test` runs the tests.\n',
  'package.json': `${JSON.stringify({ name: 'numbers', version: '1.0.0', type: 'module', private: true }, null, 2)}\n`,
  'CONTEXT.md': '# What was done and why\n\nAgents add a section for each issue that they worked on.\n',
  'AGENTS.md': 'Every bug fix comes with the test that failed before it. No dependencies.\n',
  '.github/mission-control.yml': 'workspace:\n  verify: node --test\n',
  'src/median.js': `/** The middle value of a list; of an even number of values the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return sorted[middle]
  return (sorted[middle] + sorted[middle + 1]) / 2
}
`,
  'src/clamp.js': `/** The value, or the nearer end of the range when it lies outside. */
export function clamp(value, low, high) {
  return Math.max(high, Math.min(low, value))
}
`,
  'src/sum.js': `/** The sum of a list; 0 for an empty one. */
export function sum(values) {
  return values.reduce((total, value) => total + value, 0)
}
`,
  'test/median.test.js': `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median } from '../src/median.js'

test('the middle value when their number is odd', () => {
  assert.equal(median([3, 1, 2]), 2)
})
`,
  'test/sum.test.js': `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sum } from '../src/sum.js'

test('zero when the list is empty', () => {
  assert.equal(sum([]), 0)
})
`,
}

export const ISSUES: readonly { title: string; body: string; labels: string[] }[] = [
  {
    title: 'median is wrong for an even number of values',
    labels: ['priority: high'],
    body: `\`median([1, 2, 3, 4])\` is \`3.5\`; it should be \`2.5\`. The code is in \`src/median.js\`.

This test fails today. Add it as \`test/median-even.test.js\`:

\`\`\`js
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median } from '../src/median.js'

test('the mean of the middle two when their number is even', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5)
})
\`\`\`

- [ ] the test passes
- [ ] the other tests still pass
`,
  },
  {
    title: 'clamp always answers one end of the range',
    labels: [],
    body: `\`clamp(5, 0, 10)\` should be \`5\`. The code is in \`src/clamp.js\`.

This test fails today. Add it as \`test/clamp.test.js\`:

\`\`\`js
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clamp } from '../src/clamp.js'

test('the value when it is inside the range', () => {
  assert.equal(clamp(5, 0, 10), 5)
})

test('the nearer end when it is outside', () => {
  assert.equal(clamp(-1, 0, 10), 0)
  assert.equal(clamp(11, 0, 10), 10)
})
\`\`\`
`,
  },
  {
    title: 'Write down which functions we want next',
    labels: ['docs-wanted'],
    body: 'Collect what people asked for: `mode`, `variance`, `quantile`. One file is enough.\n',
  },
]
