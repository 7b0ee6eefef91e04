import { credentials } from './credentials.ts'
import { people } from './people.ts'
import { permissions } from './permissions.ts'
import { pullRequests } from './pulls.ts'
import { references } from './refs.ts'
import { shapes } from './shapes.ts'
import { texts } from './texts.ts'
import { workflowDispatches } from './workflows.ts'
import type { Facts, Wrong } from './wrong.ts'

/** The tables of wrong requests by family; wrong pushes are in `pushes.test.ts`. */
export const families: Readonly<Record<string, readonly Wrong[]>> = {
  shapes,
  texts,
  'pull requests': pullRequests,
  'refs and files': references,
  'workflow dispatches': workflowDispatches,
  permissions,
  credentials,
  people,
}

/** What makes two wrong requests the same: who sends what where. */
export function requestKey(facts: Facts, { as = 'owner', body, method = 'GET', path }: Wrong): string {
  const text = (value: unknown) =>
    JSON.stringify(typeof value === 'function' ? (value as (facts: Facts) => unknown)(facts) : value)
  return [as, method, text(path), text(body)].join(' ')
}
