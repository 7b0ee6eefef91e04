import { describe, expect, test } from 'vitest'
import {
  renderConnectAgent,
  renderHelp,
  renderRefusedCommand,
  renderRefusedRequest,
  renderUnknownCommand,
  renderWhy,
} from '../../src/presenter/reply.ts'
import { expectGolden } from './golden.ts'

describe('a reply', () => {
  test('to /help lists every command', () => {
    const commands = [
      {
        name: 'process',
        args: '[agent]',
        summary: 'Has an agent do this issue.',
        right: '`write` (the trigger right)',
      },
      { name: 'why', args: '', summary: 'Says what the task waits for: a | b.', right: 'read' },
    ]
    expectGolden('help', renderHelp(commands))
  })

  test('to /why names all that the task waits for', () => {
    const gate = (holds: boolean, reason: string) => ({ name: 'blocked', holds, reason }) as const
    const closed = [
      gate(true, 'It is blocked by #4.'),
      gate(true, 'The only agent that could do it is busy or away.'),
    ]
    expectGolden('why', renderWhy('ready (requested)', [...closed, gate(false, 'The issue is open.')]))
    expect(
      renderWhy('paused (person)', [gate(true, 'It was paused by a person; `/resume` lets it go on.')]),
    ).toBe('This task is **paused (person)**. It was paused by a person; `/resume` lets it go on.')
    expect(renderWhy('ready (requested)', [])).toContain('an agent is picked next')
  })

  test('to a request without agents says how to connect one', () => {
    expectGolden(
      'connect-agent',
      renderConnectAgent({ owner: 'octo', name: 'demo', serverUrl: 'https://mc.example' }),
    )
  })

  test('that refuses is one polite line, whatever was asked', () => {
    const replies = [
      renderRefusedCommand('resume', 'Only a paused task can be resumed; this one is review.'),
      renderRefusedRequest('process', 'The issue is closed: reopen the issue first.'),
      renderUnknownCommand('proces`\n@mona'),
    ]
    expect(replies[0]).toBe(
      'Sorry, `/resume` was not done: Only a paused task can be resumed; this one is review.',
    )
    for (const reply of replies) {
      expect(reply).toMatch(/^Sorry, .*$/)
      expect(reply).not.toContain('@mona')
    }
  })
})
