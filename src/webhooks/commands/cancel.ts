import { taskEventCommand } from './task-event.ts'

export const cancel = taskEventCommand(
  'cancel',
  'cancelled',
  'Stops the task; the issue stays open and a new request revives it.',
)
