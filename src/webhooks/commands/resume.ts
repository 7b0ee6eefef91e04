import { taskEventCommand } from './task-event.ts'

export const resume = taskEventCommand('resume', 'resumed', 'Lets a paused task go on, on the same branch.')
