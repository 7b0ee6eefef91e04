import type { Installation, Permissions } from '../store/installation.ts'
import type { User } from '../store/user.ts'

/** Somebody with a token of their own, or with a session on the pages. */
interface UserActor {
  kind: 'user'
  user: User
}

/** The app inside one installation; `user` is its bot account. */
interface InstallationActor {
  kind: 'installation'
  user: User
  installation: Installation
  permissions: Permissions
  repositoryIds: ReadonlySet<number> | null
}

/** Who does it: the sender of the event that follows. */
export type Actor = UserActor | InstallationActor
