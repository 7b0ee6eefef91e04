import type { ErrorDetail } from './outcome.ts'

/** Lengths that GitHub's description does not know (characters). */
const textLimits = { body: 65_536, title: 256, labelName: 50, labelDescription: 100 } as const

/** GitHub counts characters as code points, not as UTF-16 units. */
export function isTooLong(text: string, limit: number): boolean {
  return text.length > limit && [...text].length > limit
}

function tooLong(resource: string, field: string, limit: number): ErrorDetail {
  return {
    resource,
    code: 'custom',
    field,
    message: `${field} is too long (maximum is ${limit} characters)`,
  }
}

/** Problems of the title and body of an issue or a pull request. */
export function textProblems(
  resource: 'Issue' | 'PullRequest',
  text: { title?: string | undefined; body?: string | null | undefined },
): ErrorDetail[] {
  const problems: ErrorDetail[] = []
  if (text.title !== undefined && text.title.trim() === '')
    problems.push({ resource, code: 'missing_field', field: 'title' })
  if (text.title !== undefined && isTooLong(text.title, textLimits.title))
    problems.push(tooLong(resource, 'title', textLimits.title))
  if (text.body && isTooLong(text.body, textLimits.body))
    problems.push(tooLong(resource, 'body', textLimits.body))
  return problems
}

/** Problems of a label's name and description. */
export function labelProblems(label: { name?: string; description?: string | null }): ErrorDetail[] {
  const problems: ErrorDetail[] = []
  if (label.name !== undefined && label.name.trim() === '')
    problems.push({ resource: 'Label', code: 'missing_field', field: 'name' })
  if (label.name !== undefined && isTooLong(label.name, textLimits.labelName))
    problems.push(tooLong('Label', 'name', textLimits.labelName))
  if (label.description && isTooLong(label.description, textLimits.labelDescription))
    problems.push(tooLong('Label', 'description', textLimits.labelDescription))
  return problems
}

/** Problems of a comment's body, in the words GitHub uses for comments. */
export function commentProblems(body: string): ErrorDetail[] {
  const problem = (message: string): ErrorDetail[] => [
    { resource: 'IssueComment', code: 'unprocessable', field: 'data', message },
  ]
  if (body.trim() === '') return problem('Body cannot be blank')
  if (isTooLong(body, textLimits.body))
    return problem(`Body is too long (maximum is ${textLimits.body} characters)`)
  return []
}
