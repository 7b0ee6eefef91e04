import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Every `.ts` file below a folder of the repository: path from the root, with slashes, to its text. */
export async function readTree(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll('\\', '/'))
    .sort()
  const texts = await Promise.all(paths.map((path) => readFile(join(ROOT, path), 'utf8')))
  return new Map(paths.map((path, index) => [path, texts[index] ?? '']))
}
