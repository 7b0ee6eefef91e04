import type { LocalGitHubContext } from '../context.ts'
import type { Label } from '../store/label.ts'
import { nodeId } from '../store/table.ts'
import type { Json } from '../webhooks/event.ts'
import { repositoryApiUrl } from './repository.ts'

/** GitHub's `label`. */
export function renderLabel(context: LocalGitHubContext, label: Label): Json {
  const repository = context.store.repositories.require(label.repositoryId)
  return {
    id: label.id,
    node_id: nodeId('LA', label.id),
    url: `${repositoryApiUrl(context, repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: label.default,
    description: label.description,
  }
}
