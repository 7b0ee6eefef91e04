import { AddedLines, type AddedText } from '../../src/git/added-lines.ts'
import { promised, same, type Target } from '../target.ts'

export const addedLines: Target = {
  name: 'added-lines',
  promises: [
    'a diff is read whatever it is, each line with its number',
    'what is found in it does not depend on how it is cut into chunks',
    'pieces stay small',
  ],
  words: [
    'diff --git a/x b/x\n',
    '--- a/x\n',
    '+++ b/x\n',
    '+++ "b/x\\n"\n',
    '@@ -1 +1,2 @@\n',
    '@@@ -1,1 -1,1 +1,3 @@@\n',
    '+added\n',
    '-gone\n',
    '++both\n',
    '\\ No newline at end of file\n',
    '\r\n',
  ],
  run(bytes) {
    const whole = read(bytes, bytes.length + 1)
    for (const { text, lineNumbers } of whole) {
      promised(text.split('\n').length === lineNumbers.length, 'lines without a number')
      promised(text.length < 400_000, 'a piece of great length')
    }
    if (bytes.length > 8_000) return
    same(read(bytes, 1), whole, 'chunks of one byte')
    same(read(bytes, 7), whole, 'chunks of seven bytes')
  },
}

function read(bytes: Uint8Array, step: number): AddedText[] {
  const found: AddedText[] = []
  const lines = new AddedLines(({ path, text, lineNumbers }) => found.push({ path, text, lineNumbers }))
  for (let at = 0; at < bytes.length; at += step) lines.push(Buffer.from(bytes.subarray(at, at + step)))
  lines.end()
  return found
}
