#!/usr/bin/env node
import { describeFailure } from './cli/failure.ts'
import { createProgram } from './cli/program.ts'

try {
  const program = await createProgram(process.argv[2])
  await program.parseAsync()
} catch (error) {
  console.error(`mission-control: ${describeFailure(error)}`)
  process.exitCode = 1
}
