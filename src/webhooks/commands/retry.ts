import { taskEventCommand } from './task-event.ts'

export const retry = taskEventCommand(
  'retry',
  'resumed',
  'Tries a task again that waits after failures; attempts are counted anew.',
)
