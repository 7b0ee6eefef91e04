/**
 * Runs the real program and writes its lines down as a recording, in the order in which they came.
 *
 *   node record-program.ts RECORDING PROGRAM [arguments]
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createOutputLines } from '../../src/agent/output-lines.ts'
import { formatRecording, type RecordedLine } from '../agent/drivers/transcript-file.ts'

const [recordingFile = '', program = '', ...args] = process.argv.slice(2)
const lines: RecordedLine[] = []
const child = spawn(program, args, { stdio: ['inherit', 'pipe', 'pipe'] })
const out = createOutputLines(Number.MAX_SAFE_INTEGER, (text) => lines.push({ kind: 'out', text }))
const err = createOutputLines(Number.MAX_SAFE_INTEGER, (text) => lines.push({ kind: 'err', text }))
child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
child.stdout.pipe(process.stdout)
child.stderr.pipe(process.stderr)
// The signal goes to the whole group: the program decides what it means.
let stopped = false
process.on('SIGTERM', () => {
  stopped = true
})
child.on('close', (code) => {
  out.end()
  err.end()
  writeFileSync(recordingFile, formatRecording({ lines, end: stopped ? 'waits' : { exit: code ?? 1 } }))
  process.exitCode = code ?? 1
})
