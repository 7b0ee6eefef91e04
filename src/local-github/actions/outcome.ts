/** One entry of GitHub's `errors` list. */
export interface ErrorDetail {
  resource: string
  code: 'missing' | 'missing_field' | 'invalid' | 'already_exists' | 'unprocessable' | 'custom'
  field?: string
  message?: string
}

export type RefusalStatus = 401 | 403 | 404 | 405 | 409 | 410 | 422

/** A refusal in GitHub's words: the REST door and the pages show it as it is. */
export interface Refusal {
  ok: false
  status: RefusalStatus
  message: string
  errors?: ErrorDetail[]
  /** Where GitHub's `documentation_url` leads when it is not the operation's own page. */
  docs?: string
}

export type Outcome<Value> = { ok: true; value: Value } | Refusal

export function done<Value>(value: Value): { ok: true; value: Value } {
  return { ok: true, value }
}

export function refuse(status: RefusalStatus, message: string, errors?: ErrorDetail[]): Refusal {
  return { ok: false, status, message, ...(errors && { errors }) }
}

export function invalid(...errors: ErrorDetail[]): Refusal {
  return refuse(422, 'Validation Failed', errors)
}

export const notFound = (): Refusal => refuse(404, 'Not Found')
export const needsAdmin = (): Refusal => refuse(403, 'Must have admin rights to Repository.')
/** A refusal whose `documentation_url` is a page of its own. */
export function refuseWith(docs: string, status: RefusalStatus, message: string): Refusal {
  return { ...refuse(status, message), docs }
}

export const isArchived = (): Refusal => refuse(403, 'Repository was archived so is read-only.')
