import { z } from 'zod'
import type { Client } from './client.ts'
import { isGitHubError } from './error.ts'
import type { RepositoryRef } from './repository-ref.ts'

export interface Labels {
  /** Puts labels on an issue or pull request; those that are there already stay. */
  add(repository: RepositoryRef, number: number, names: string[]): Promise<void>
  /** Takes a label off; false when it was not there. */
  remove(repository: RepositoryRef, number: number, name: string): Promise<boolean>
}

export function createLabels(client: Client): Labels {
  return {
    async add({ owner, name: repo, ...repository }, number, names) {
      const parameters = { owner, repo, issue_number: number, labels: names }
      await client.call(repository, 'issues/add-labels', parameters, z.array(z.unknown()))
    },
    async remove({ owner, name: repo, ...repository }, number, name) {
      const parameters = { owner, repo, issue_number: number, name }
      try {
        await client.call(repository, 'issues/remove-label', parameters, z.unknown())
        return true
      } catch (error) {
        if (isGitHubError(error, 'not_found')) return false
        throw error
      }
    },
  }
}
