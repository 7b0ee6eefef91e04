/** GitHub's times: ISO 8601 UTC with whole seconds. */
export function time(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}
