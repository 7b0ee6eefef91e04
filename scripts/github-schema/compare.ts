type Side = 'committed' | 'described'

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Lists of rows with an `id` are compared by it, so that one row more is one difference. */
function keyed(value: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(value)) return value
  const rows: unknown[] = value
  const idOf = (row: unknown) => (isObject(row) ? (row.id ?? row[0]) : undefined)
  if (!rows.every((row) => typeof idOf(row) === 'string')) return { ...rows }
  return Object.fromEntries(rows.map((row) => [String(idOf(row)), row]))
}

function walk(place: string, committed: unknown, described: unknown, found: string[]): void {
  if (isObject(committed) && isObject(described)) {
    const [left, right] = [keyed(committed), keyed(described)]
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const only: Side | null = key in right ? (key in left ? null : 'described') : 'committed'
      if (only) found.push(`${place}/${key}: ${only} only`)
      else walk(`${place}/${key}`, left[key], right[key], found)
    }
  } else if (!Object.is(committed, described))
    found.push(`${place}: committed ${shown(committed)}, described ${shown(described)}`)
}

/**
 * How a committed extract differs from the one that GitHub's description gives now, one line each; empty when the bytes
 * are the same.
 */
export function extractDifferences(committed: string, described: string): string[] {
  if (committed === described) return []
  const found: string[] = []
  walk('', JSON.parse(committed), JSON.parse(described), found)
  return found.length > 0 ? found : ['only the spelling or the order differs']
}
