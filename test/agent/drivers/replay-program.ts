/**
 * Plays a recorded run: what a driver starts in the place of the real program. It writes down how it was called, so that
 * tests can see what the real program would have got.
 *
 *   node replay-program.ts RECORDING CALL_FILE FLAVOUR [the driver's arguments]
 *
 * FLAVOUR: `plain`, `garbage` (lines of text and broken JSON between the recorded ones), `huge` (a line of 40 MB before
 * the last), `children` (leaves processes behind, one of them out of the group), `stubborn` (ignores SIGTERM).
 */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { parseRecording } from './transcript-file.ts'

const [recordingFile = '', callFile = '', flavour = 'plain', ...args] = process.argv.slice(2)
const recording = parseRecording(readFileSync(recordingFile, 'utf8'))
const call = { args, environment: process.env, input: readFileSync(0, 'utf8'), directory: process.cwd() }
writeFileSync(callFile, JSON.stringify(call))

const GARBAGE = [
  'npm warn deprecated this and that',
  '{"type":',
  '\u0000\u001b[31mred\u001b[0m \ufffd',
  '[1,2]',
  '{}',
  'null',
]

/** Blocking: `process.exit` would drop what a pipe has not taken yet. */
function write(stream: 1 | 2, text: string): void {
  const bytes = Buffer.from(text)
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(stream, bytes, sent)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

if (flavour === 'stubborn') process.on('SIGTERM', () => undefined)
if (flavour === 'children') {
  spawn('sleep', ['600'], { stdio: 'inherit' })
  spawn('sleep', ['601'], { stdio: 'inherit', detached: true })
}
for (const [index, { kind, text }] of recording.lines.entries()) {
  if (flavour === 'garbage') write(1, `${GARBAGE[index % GARBAGE.length]}\n`)
  if (flavour === 'huge' && index === recording.lines.length - 1) {
    write(1, `{"type":"huge","text":"${'x'.repeat(40_000_000)}"}\n`)
  }
  if (kind === 'do') execFileSync('/bin/sh', ['-c', text])
  else write(kind === 'out' ? 1 : 2, `${text}\n`)
}
if (recording.end === 'waits' || flavour === 'stubborn') setInterval(() => undefined, 60_000)
else process.exit(recording.end.exit)
