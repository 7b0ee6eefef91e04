/** A small glob for paths: `*` and `?` inside one folder, `**` across folders; everything else is literal. */

/**
 * True when the whole path matches. `**` as a whole segment matches any number of folders, none included;
 * `dir/**` matches everything below `dir`. Takes time in proportion to pattern times path, whatever they are.
 */
export function matchesGlob(pattern: string, path: string, options: { ignoreCase?: boolean } = {}): boolean {
  const fold = (text: string) => (options.ignoreCase === true ? text.toLowerCase() : text)
  return matchSegments(fold(pattern).split('/'), fold(path).split('/'))
}

export function matchesAny(
  patterns: readonly string[],
  path: string,
  options: { ignoreCase?: boolean } = {},
): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, path, options))
}

function matchSegments(pattern: readonly string[], path: readonly string[]): boolean {
  return matchWild(pattern, path, (part) => part === '**', matchSegment)
}

function matchSegment(pattern: string, segment: string): boolean {
  return matchWild(
    [...pattern],
    [...segment],
    (part) => part === '*',
    (part, letter) => part === '?' || part === letter,
  )
}

/** Greedy matching with one point of return: a wild part takes as little as possible and grows when needed. */
function matchWild<T>(
  pattern: readonly T[],
  items: readonly T[],
  isWild: (part: T) => boolean,
  matches: (part: T, item: T) => boolean,
): boolean {
  let at = 0
  let item = 0
  let wildAt = -1
  let wildItem = 0
  while (item < items.length) {
    const part = pattern[at]
    const current = items[item] as T
    if (part !== undefined && isWild(part)) {
      wildAt = at
      wildItem = item
      at += 1
    } else if (part !== undefined && matches(part, current)) {
      at += 1
      item += 1
    } else if (wildAt >= 0) {
      at = wildAt + 1
      wildItem += 1
      item = wildItem
    } else {
      return false
    }
  }
  const rest = pattern.slice(at)
  return rest.every(isWild)
}
