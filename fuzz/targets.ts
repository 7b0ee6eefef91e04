import type { Target } from './target.ts'
import { addedLines } from './targets/added-lines.ts'
import { commands } from './targets/commands.ts'
import { config } from './targets/config.ts'
import { driverEvents } from './targets/driver-events.ts'
import { frames } from './targets/frames.ts'
import { payloads } from './targets/payloads.ts'
import { pktLines } from './targets/pkt-lines.ts'
import { texts } from './targets/texts.ts'
import { webhookDoor } from './targets/webhook-door.ts'

/** One line per target. */
export const targets: readonly Target[] = [
  addedLines,
  commands,
  config,
  driverEvents,
  frames,
  payloads,
  pktLines,
  texts,
  webhookDoor,
]
