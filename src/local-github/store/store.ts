import { Comments } from './comment.ts'
import { Deliveries } from './delivery.ts'
import { Installations } from './installation.ts'
import { Issues } from './issue.ts'
import { Labels } from './label.ts'
import { Reactions } from './reaction.ts'
import { Repositories } from './repository.ts'
import { IdSequence } from './table.ts'
import { Tokens } from './token.ts'
import { Users } from './user.ts'

/** Everything the local GitHub knows that git does not; in memory only. */
export interface Store {
  ids: IdSequence
  users: Users
  repositories: Repositories
  issues: Issues
  comments: Comments
  labels: Labels
  reactions: Reactions
  installations: Installations
  tokens: Tokens
  deliveries: Deliveries
}

export function createStore(): Store {
  const ids = new IdSequence()
  const users = new Users(ids)
  return {
    ids,
    users,
    repositories: new Repositories(ids, users),
    issues: new Issues(ids),
    comments: new Comments(ids),
    labels: new Labels(ids),
    reactions: new Reactions(ids),
    installations: new Installations(ids),
    tokens: new Tokens(),
    deliveries: new Deliveries(ids),
  }
}
