import type { CrashPoint } from '../../src/runtime/crash-points.ts'
import type { Part } from './stage.ts'
import type { StoryName } from './stories.ts'

/** One story in which a part dies once at each of some points, in this order, and comes back each time. */
export interface Plan {
  part: Part
  story: StoryName
  points: readonly CrashPoint[]
  /** The part starts anew before: some things are done once per process. */
  fresh?: boolean
}

const server = (story: StoryName, ...points: CrashPoint[]): Plan => ({ part: 'server', story, points })
const runner = (...points: CrashPoint[]): Plan => ({ part: 'runner', story: 'label', points })

/** Deaths on the way of a labelled issue: at its webhook, before its claim, at its hand-over, push and end. */
const THE_WAY: Plan[] = [
  server(
    'label',
    'committed deliveries',
    'before job gather-sources',
    'before frame task_assigned',
    'after push: read',
    'committed complete-session',
  ),
  server(
    'label',
    'before webhook answer',
    'after job gather-sources',
    'after frame task_assigned',
    'after push: checks',
    'before answer to complete',
  ),
  server(
    'label',
    'after webhook answer',
    'committed store-sources',
    'committed report-progress',
    'committed begin-publish',
    'after answer to complete',
  ),
  server(
    'label',
    'committed delivery taken',
    'before job dispatch',
    'before answer to accepted',
    'before git push',
    'before job open-pull-request',
  ),
  server(
    'label',
    'after delivery',
    'committed claim-task',
    'after answer to accepted',
    'after git push',
    'after job open-pull-request',
  ),
  server(
    'label',
    'committed delivery done',
    'after job dispatch',
    'before answer to progress',
    'after push: mirror',
    'committed pull request: outcome',
  ),
  server(
    'label',
    'before issues/get',
    'after answer to progress',
    'committed finish-publish',
    'committed record-pull-request',
  ),
  server('label', 'after issues/get', 'committed forget-faded-connections', 'before push: report'),
  server('label', 'committed request-task', 'after push: report'),
]

/** What is known for a while, and asked for once per process. */
const ONCE: Plan[] = [
  {
    ...server(
      'label',
      'before repos/get-collaborator-permission-level',
      'before apps/create-installation-access-token',
      'before apps/get-authenticated',
      'before users/get-by-username',
    ),
    fresh: true,
  },
  {
    ...server(
      'label',
      'after repos/get-collaborator-permission-level',
      'after apps/create-installation-access-token',
      'after apps/get-authenticated',
      'after users/get-by-username',
    ),
    fresh: true,
  },
]

/**
 * Each of these finds what the life before has left at GitHub, or has not. The label and the comment come in either
 * order: whichever state the first projection finds.
 */
const TO_GITHUB: Plan[] = [
  server(
    'label',
    'committed projection: lock',
    'committed status comment: intent',
    'before issues/list-comments',
    'before issues/create-comment',
  ),
  server(
    'label',
    'after issues/create-comment',
    'after issues/list-comments',
    'committed projection: comment',
    'committed projection: revision',
  ),
  server(
    'label',
    'committed status comment: outcome',
    'committed status edit: intent',
    'before issues/update-comment',
    'after issues/update-comment',
  ),
  server(
    'label',
    'before issues/remove-label',
    'after issues/remove-label',
    'committed record-label-off',
    'after job project-task',
  ),
  server(
    'label',
    'before job project-task',
    'committed pull request: intent',
    'before pulls/list',
    'after pulls/list',
    'before pulls/create',
    // the last: its webhook may tell of it before anybody looks
    'after pulls/create',
  ),
]

const OTHER_STORIES: Plan[] = [
  server(
    'lostWebhook',
    'before apps/list-webhook-deliveries',
    'after apps/list-webhook-deliveries',
    'before apps/redeliver-webhook-delivery',
    'after apps/redeliver-webhook-delivery',
  ),
  server('newConfig', 'committed record-base-push', 'after repos/get-content', 'before git fetch'),
  server('newConfig', 'before repos/get-content', 'committed load-config', 'after git fetch'),
  server('newProject', 'committed remember-base'),
  server(
    'hold',
    'after push: hold',
    'before issues/add-labels',
    'after issues/add-labels',
    'committed approve-publishing',
    'before git ls-remote',
    'after held branch',
  ),
  server('hold', 'committed projection: label', 'before job publish-held', 'after git ls-remote'),
  server('hold', 'after job publish-held'),
  server('help', 'committed answer-later', 'before job answer-comment', 'committed reply: intent'),
  server('help', 'before reactions/create-for-issue-comment', 'committed reply: outcome'),
  server('help', 'after reactions/create-for-issue-comment'),
  server('help', 'after job answer-comment'),
  server('merge', 'committed change-task'),
  server('close', 'committed record-issue-state'),
  server('relabel', 'committed record-labels'),
  server('forbidden', 'committed record-push-refusal'),
  server(
    'return',
    'committed agent-disconnected',
    'before frame hello',
    'after frame hello',
    'committed agent-connected',
  ),
  server('lostRunner', 'committed sweep-one'),
  server('busy', 'committed decline-session'),
  server('busy', 'before answer to declined'),
  server('busy', 'after answer to declined'),
]

const RUNNER: Plan[] = [
  runner('before frame accepted', 'after session directory', 'before program', 'before runner push'),
  runner('after frame accepted', 'before runner fetch', 'after program', 'after runner push'),
  runner(
    'after answered accepted',
    'after runner fetch',
    'after commit of leftovers',
    'before frame complete',
  ),
  runner('before frame progress', 'after worktree', 'after hand-over', 'after frame complete'),
  runner('after frame progress', 'after answered complete'),
  runner('after answered progress', 'before runner clean-up'),
  runner('after runner clean-up'),
  { ...runner('before frame declined'), story: 'busy' },
  { ...runner('after frame declined'), story: 'busy' },
]

export const PLANS: readonly Plan[] = [...THE_WAY, ...ONCE, ...TO_GITHUB, ...OTHER_STORIES, ...RUNNER]

/** Points that the loop passes too, but which belong to the installation of the app. */
export const BESIDE_THE_LOOP = [
  'committed change-installation',
  // looks whether the branch is gone, and writes nothing while a push's outcome is open
  'committed record-missing-branch',
  'committed regain-repositories',
  'committed thaw-project',
]

/** Every `of`th plan, from the `which`th (1 to `of`): a share for one file. */
export function share(which: number, of: number): Plan[] {
  return PLANS.filter((_, index) => index % of === which - 1)
}
