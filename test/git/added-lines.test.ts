import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AddedLines, type AddedText } from '../../src/git/added-lines.ts'

function read(diff: string | Buffer, step = 1 << 30): AddedText[] {
  const found: AddedText[] = []
  const lines = new AddedLines(({ path, text, lineNumbers }) => found.push({ path, text, lineNumbers }))
  const bytes = Buffer.from(diff as string, 'latin1')
  for (let at = 0; at < bytes.length; at += step) lines.push(bytes.subarray(at, at + step))
  lines.end()
  return found
}

const PLAIN = `diff --git a/one.js b/one.js
index 1..2 100644
--- a/one.js
+++ b/one.js
@@ -3 +3,2 @@ function
-old
+new
+++ b/not-a-file
@@ -9,0 +11 @@
+last
\\ No newline at end of file
diff --git a/b c.js b/b c.js
new file mode 100644
--- /dev/null
+++ b/b c.js\t
@@ -0,0 +1,2 @@
+@@ -1 +1 @@
+diff --git a/x b/x
`

const COMBINED = `diff --cc a
index 1,2..3
--- a/a
+++ b/a
@@@ -1,1 -1,1 +1,3 @@@
 +ours
+ theirs
++made in the merge
- gone
`

describe('added lines', () => {
  const expected = [
    { path: 'one.js', text: 'new\n++ b/not-a-file\nlast', lineNumbers: [3, 4, 11] },
    { path: 'b c.js', text: '@@ -1 +1 @@\ndiff --git a/x b/x', lineNumbers: [1, 2] },
  ]

  test('have the path and the line numbers of the new file, and content cannot pass for a heading', () => {
    expect(read(PLAIN)).toEqual(expected)
  })

  test('are the same however the diff is cut into chunks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (step) => {
        expect(read(PLAIN, step)).toEqual(expected)
      }),
    )
  })

  test('of a merge are those that no parent has', () => {
    expect(read(COMBINED)).toEqual([{ path: 'a', text: 'made in the merge', lineNumbers: [3] }])
  })

  test('that are very long come in overlapping pieces of the same line', () => {
    const long = 'x'.repeat(400_000)
    const diff = `+++ b/long\n@@ -0,0 +1,2 @@\n+${long}\n+next\n`
    for (const step of [1 << 30, 10_000]) {
      const pieces = read(diff, step)
      const all = pieces.flatMap(({ text, lineNumbers }) =>
        text.split('\n').map((line, at) => [line, lineNumbers[at]]),
      )
      expect(all.at(-1)).toEqual(['next', 2])
      expect(new Set(all.slice(0, -1).map(([, number]) => number))).toEqual(new Set([1]))
      expect(all.slice(0, -1).reduce((sum, [line]) => sum + String(line).length, 0)).toBeGreaterThanOrEqual(
        400_000,
      )
    }
  })

  test('are all of them, each with its number, when a large diff comes in any chunks', () => {
    const hunk = fc.record({
      gone: fc.nat(3),
      added: fc.array(fc.stringMatching(/^[ +@\\a-c-]{0,6}$/), { minLength: 1, maxLength: 30 }),
      repeat: fc.constantFrom(1, 1, 900),
      gap: fc.nat(9),
    })
    fc.assert(
      fc.property(fc.array(hunk, { maxLength: 4 }), fc.integer({ min: 1, max: 70_000 }), (hunks, step) => {
        let diff = '+++ b/file\n'
        let next = 1
        const expected: string[] = []
        for (const { gone, added, repeat, gap } of hunks) {
          next += gap
          const lines = Array.from({ length: repeat }, () => added).flat()
          diff += `@@ -1,${gone} +${next},${lines.length} @@\n${'-gone\n'.repeat(gone)}`
          diff += lines.map((line) => `+${line}\n`).join('')
          for (const line of lines) {
            expected[next] = line
            next += 1
          }
        }
        const found: string[] = []
        for (const { text, lineNumbers } of read(diff, Math.max(step, Math.ceil(diff.length / 100)))) {
          for (const [at, line] of text.split('\n').entries()) found[lineNumbers[at] ?? 0] = line
        }
        expect(found).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  test('are the same when a line of great length comes in one chunk or in many', () => {
    const diff = `+++ b/long\n@@ -0,0 +1,3 @@\n+one\n+${'x'.repeat(70_000)}y\n+last\n`
    const whole = read(diff)
    expect(Math.max(...whole.map(({ text }) => text.length))).toBeLessThan(400_000)
    for (const step of [7, 1000, 65_600]) expect(read(diff, step)).toEqual(whole)
  })

  test('stand together when a secret of several lines lies on the border of two pieces', () => {
    const secret = '-----BEGIN PRIVATE KEY-----\n+MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'
    for (let before = 32_500; before < 33_000; before += 7) {
      const filler = `+${'x'.repeat(99)}\n`.repeat(Math.floor(before / 101))
      const diff = `+++ b/key\n@@ -0,0 +1,9 @@\n${filler}+${'y'.repeat(before % 101)}\n+${secret}+${'z'.repeat(200)}\n`
      const together = read(diff, 1000).filter(({ text }) => text.includes('KEY-----\nMIIEvQIBADANBg'))
      expect(together.length).toBeGreaterThan(0)
    }
  })
})
