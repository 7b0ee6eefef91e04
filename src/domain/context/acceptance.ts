/** Acceptance criteria of an issue: its task list, and the field of that name of an issue form. */

const heading = /^#{1,6}\s+(.*)$/
const named = /^(?:acceptance criteria|definition of done|done when|requirements)\b/i
const taskItem = /^\s*[-*+]\s+\[[ xX]\]\s+(.+)$/
const listItem = /^\s*(?:[-*+]|\d{1,3}[.)])\s+(.+)$/
const most = 50

/** The criteria in their order, each once, at most 50. Fenced code is not read. */
export function acceptanceCriteria(body: string): string[] {
  const found = new Set<string>()
  let inSection = false
  let fence: string | null = null
  for (const line of body.split(/\r\n|\r|\n/)) {
    const edge = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? null
    if (edge !== null) {
      if (fence === null) fence = edge
      else if (edge[0] === fence[0] && edge.length >= fence.length) fence = null
      continue
    }
    if (fence !== null) continue
    const title = heading.exec(line)
    if (title !== null) {
      inSection = named.test(title[1] ?? '')
      continue
    }
    const item = taskItem.exec(line) ?? (inSection ? (listItem.exec(line) ?? /^\s*(\S.*)$/.exec(line)) : null)
    const text = item?.[1]?.trim()
    if (text !== undefined && text !== '_No response_' && found.size < most) found.add(text)
  }
  return [...found]
}
