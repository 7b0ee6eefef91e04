import { expect, test } from 'vitest'
import { staleDocuments } from '../../scripts/generate.ts'
import { statesDocument } from '../../scripts/states-document.ts'
import { sessionEvents, sessionStatuses } from '../../src/domain/session.ts'
import { taskEvents, taskStatuses } from '../../src/domain/task.ts'

test('generated documents are what their sources make of them', async () => {
  expect(await staleDocuments(), 'run `npm run generate`').toEqual([])
})

test('the document of states names every status and event', () => {
  const document = statesDocument()
  for (const word of [...taskStatuses, ...sessionStatuses, ...Object.keys(taskEvents), ...sessionEvents]) {
    expect(document).toContain(`\`${word}\``)
  }
})
