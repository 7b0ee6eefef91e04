/** Names a repository for a call: the id is what is meant, owner and name may be out of date after a rename. */
export interface RepositoryRef {
  readonly installationId: number
  readonly owner: string
  readonly name: string
  readonly repositoryId: number
}
