import { taskEventCommand } from './task-event.ts'

export const pause = taskEventCommand(
  'pause',
  'paused',
  'Stops the agent after it has saved its work; the task waits.',
)
