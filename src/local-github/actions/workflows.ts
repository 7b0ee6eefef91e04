import { parse } from 'yaml'
import { z } from 'zod'
import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { Repository } from '../store/repository.ts'
import { isArchived, needsAdmin, notFound, type Refusal, refuse } from './outcome.ts'

export interface Dispatch {
  /** The file's name in `.github/workflows/`. */
  workflow: string
  ref: string
  inputs: Readonly<Record<string, unknown>>
}

/** As much of a workflow file as a dispatch is checked against. */
const Input = z.object({
  required: z.boolean().nullish(),
  default: z.unknown().optional(),
  type: z.string().nullish(),
  options: z.array(z.coerce.string()).nullish(),
})
const Trigger = z.object({ inputs: z.record(z.string(), Input.nullable()).nullish() })
const Workflow = z.object({
  on: z.union([z.string(), z.array(z.string()), z.record(z.string(), z.unknown())]),
})

type Inputs = Record<string, z.infer<typeof Input> | null>

/**
 * Why GitHub would not start this workflow; `null` when it would. Needs write. The file must be on the default branch;
 * trigger and inputs are those of the file at `ref`.
 */
export async function dispatchRefusal(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  { workflow, ref, inputs }: Dispatch,
): Promise<Refusal | null> {
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  if (!hasRole(actor, repository, 'write')) return needsAdmin()
  const fullName = context.store.repositories.fullName(repository)
  const file = `.github/workflows/${workflow}`
  const isThere = await context.git.readFile(fullName, repository.defaultBranch, file)
  if (!isThere || !/^[^/]+\.ya?ml$/.test(workflow)) return notFound()
  const commit = await tipOf(context, fullName, ref)
  if (commit === null) return refuse(422, `No ref found for: ${ref}`)
  const text = await context.git.readFile(fullName, commit, file)
  const trigger = text ? triggerOf(text.toString('utf8')) : { ok: true as const, inputs: null }
  if (!trigger.ok) return trigger
  if (!trigger.inputs) return refuse(422, "Workflow does not have 'workflow_dispatch' trigger")
  return inputRefusal(trigger.inputs, inputs)
}

/** A branch or a tag, by its short or its full name; a commit's id is no ref. */
async function tipOf(context: LocalGitHubContext, fullName: string, ref: string): Promise<string | null> {
  const places = ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`]
  for (const place of places) {
    const commit = await context.git.resolve(fullName, place)
    if (commit !== null) return commit
  }
  return null
}

/** The declared inputs; `null` when the workflow does not listen to dispatches. */
function triggerOf(text: string): { ok: true; inputs: Inputs | null } | Refusal {
  try {
    const { on } = Workflow.parse(parse(text))
    if (typeof on === 'string' || Array.isArray(on))
      return { ok: true, inputs: [on].flat().includes('workflow_dispatch') ? {} : null }
    if (!('workflow_dispatch' in on)) return { ok: true, inputs: null }
    return { ok: true, inputs: Trigger.parse(on.workflow_dispatch ?? {}).inputs ?? {} }
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    return refuse(422, `failed to parse workflow: ${reason}`)
  }
}

function inputRefusal(declared: Inputs, given: Readonly<Record<string, unknown>>): Refusal | null {
  const unexpected = Object.keys(given).filter((name) => !(name in declared))
  if (unexpected.length > 0) return refuse(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`)
  for (const [name, input] of Object.entries(declared)) {
    const value = given[name] ?? input?.default
    if (input?.required && (value === undefined || value === ''))
      return refuse(422, `Required input '${name}' not provided`)
    if (input?.type === 'choice' && given[name] !== undefined && !input.options?.includes(String(value)))
      return refuse(
        422,
        `Provided value '${String(value)}' for input '${name}' not in the list of allowed values`,
      )
  }
  return null
}
