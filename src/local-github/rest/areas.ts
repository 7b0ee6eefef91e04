import { appArea } from './app.ts'
import type { Area } from './call.ts'
import { commentsArea } from './comments.ts'
import { commitsArea } from './commits.ts'
import { contentsArea } from './contents.ts'
import { deliveriesArea } from './deliveries.ts'
import { issuesArea } from './issues.ts'
import { labelsArea } from './labels.ts'
import { pullsArea } from './pulls.ts'
import { reactionsArea } from './reactions.ts'
import { refsArea } from './refs.ts'
import { repositoriesArea } from './repositories.ts'
import { usersArea } from './users.ts'
import { workflowsArea } from './workflows.ts'

const areas: readonly Area[] = [
  appArea,
  commentsArea,
  commitsArea,
  contentsArea,
  deliveriesArea,
  issuesArea,
  labelsArea,
  pullsArea,
  reactionsArea,
  refsArea,
  repositoriesArea,
  usersArea,
  workflowsArea,
]

/** All handlers by operation id. */
export const handlers = {
  general: Object.assign({}, ...areas.map((area) => area.general)) as NonNullable<Area['general']>,
  signed: Object.assign({}, ...areas.map((area) => area.signed)) as NonNullable<Area['signed']>,
  reads: Object.assign({}, ...areas.map((area) => area.reads)) as NonNullable<Area['reads']>,
  writes: Object.assign({}, ...areas.map((area) => area.writes)) as NonNullable<Area['writes']>,
}
