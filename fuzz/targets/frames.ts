import { readFrame } from '../../src/agent/frames.ts'
import { DriverReport } from '../../src/protocol/driver-report.ts'
import { describeMistake } from '../../src/protocol/mistake.ts'
import { AgentFrame, NamedFrame } from '../../src/protocol/socket.ts'
import { promised, same, type Target } from '../target.ts'

export const frames: Target = {
  name: 'frames',
  promises: [
    'a frame of an agent, a report of a program and a frame of the server are read, or refused with a value',
    'what was read is read again as the same, and has nothing that Postgres cannot store',
    'a refusal says why in at most 500 characters',
  ],
  words: [
    '"type":"auth"',
    '"type":"progress"',
    '"type":"complete"',
    '"type":"task_assigned"',
    '"id":"1"',
    '"session":1',
    '"report":{"summary":"s","outcome":"result","usage":{"tokens":{}}}',
    '"outcome":"needs_clarification"',
    '"question":"?"',
    '"percent":101',
    '"costUsd":1e309',
    '"costUsd":-0',
    '"__proto__":{"a":1}',
    '\\u0000',
    '\\ud800',
    '9007199254740993',
  ],
  run(bytes) {
    const text = Buffer.from(bytes).toString()
    const read = readFrame(Buffer.from(bytes))
    if (!read.ok)
      promised(read.problem !== '' && read.problem.length <= 400, 'a problem of no or great length')
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch (error) {
      if (error instanceof SyntaxError) return
      throw error
    }
    NamedFrame.safeParse(json)
    for (const schema of [AgentFrame, DriverReport]) {
      const parsed = schema.safeParse(json)
      if (!parsed.success) {
        promised(describeMistake(parsed.error).detail.length <= 500, 'a refusal of great length')
        continue
      }
      const again = schema.safeParse(JSON.parse(JSON.stringify(parsed.data)))
      promised(again.success, 'a frame is refused when it is written anew')
      same(again.data, parsed.data, 'a frame written and read again')
    }
  },
}
