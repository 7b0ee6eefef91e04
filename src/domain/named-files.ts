/** Which files of the repository an issue names. */

const token = /[\w@.+-]+(?:\/[\w@.+-]+)*/g
const mostFiles = 20

/**
 * The paths among `paths` that the text names: in full, or by a name with an ending that only one path has. At
 * most 20, in the order of the text. Ordinary words never match: a bare name counts only with an ending.
 */
export function namedFiles(text: string, paths: readonly string[]): string[] {
  const known = new Set(paths)
  const byName = new Map<string, string | null>()
  for (const path of paths) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    byName.set(name, byName.has(name) ? null : path)
  }
  const found = new Set<string>()
  for (const [raw] of text.matchAll(token)) {
    const word = raw.replace(/^\.\//, '').replace(/\.+$/, '')
    const path = known.has(word) ? word : /\.\w+$/.test(word) ? byName.get(word) : undefined
    if (path && (word.includes('/') || word.includes('.'))) found.add(path)
    if (found.size === mostFiles) break
  }
  return [...found]
}
