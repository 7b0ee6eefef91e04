/** Writes the documents that are generated from sources. `--check` writes nothing and fails when one differs. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandsDocument } from './commands-document.ts'
import { configurationDocument, environmentExample } from './configuration-document.ts'
import { githubDocument } from './github-document.ts'
import { repositoryConfigSchema } from './repository-config-schema.ts'
import { roomsDocument } from './rooms-document.ts'
import { statesDocument } from './states-document.ts'

export type GeneratedDocument = {
  /** From the root of the repository. */
  readonly path: string
  readonly produce: () => string | Promise<string>
}

/** One line per document. */
export const documents: readonly GeneratedDocument[] = [
  { path: 'docs/states.md', produce: statesDocument },
  { path: 'docs/rooms.md', produce: roomsDocument },
  { path: 'docs/commands.md', produce: commandsDocument },
  { path: 'docs/configuration.md', produce: configurationDocument },
  { path: 'docs/github-permissions.md', produce: githubDocument },
  { path: 'docs/mission-control.schema.json', produce: repositoryConfigSchema },
  { path: '.env.example', produce: environmentExample },
]

const root = fileURLToPath(new URL('..', import.meta.url))

/** The paths of the documents that are not what their source makes of them. */
export async function staleDocuments(directory: string = root): Promise<string[]> {
  const stale: string[] = []
  for (const document of documents) {
    const current = await readOrNull(join(directory, document.path))
    if (current !== (await document.produce())) stale.push(document.path)
  }
  return stale
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

async function main(check: boolean): Promise<number> {
  const stale = await staleDocuments()
  for (const document of documents.filter((candidate) => stale.includes(candidate.path))) {
    if (check) {
      console.error(`${document.path} differs from its source: run \`npm run generate\`.`)
      continue
    }
    const path = join(root, document.path)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, await document.produce())
    console.log(`wrote ${document.path}`)
  }
  return check && stale.length > 0 ? 1 : 0
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'))
