import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AddedLines, type AddedText } from '../../src/git/added-lines.ts'

function read(diff: string | Buffer, step = 1 << 30): AddedText[] {
  const found: AddedText[] = []
  const lines = new AddedLines((added) => found.push(added))
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
})
