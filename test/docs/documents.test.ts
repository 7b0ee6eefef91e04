import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { staleDocuments } from '../../scripts/generate.ts'
import { repositoryConfigMeanings } from '../../scripts/repository-config-meanings.ts'
import { SETTINGS } from '../../src/config.ts'
import { readTree } from '../architecture/read-tree.ts'

const ROOT = new URL('../../', import.meta.url)

function read(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), 'utf8')
}

/** The commands in the README's blocks of shell, in their order. */
async function readmeCommands(): Promise<string[]> {
  const blocks = [...(await read('README.md')).matchAll(/```sh\n([\s\S]*?)```/g)]
  return blocks.flatMap(([, text = '']) =>
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  )
}

describe('the README', () => {
  test('begins with the demo and the tests', async () => {
    const [first, second] = await readmeCommands()
    expect(first).toMatch(/^npm ci && npm run demo -- --exit --json(?: +#.*)?$/)
    expect(second).toMatch(/^npm ci && npm test(?: +#.*)?$/)
  })

  test('names only scripts that package.json has', async () => {
    const commands = (await readmeCommands()).join('\n')
    const named = [...commands.matchAll(/\bnpm (?:run )?(?!ci\b)([a-z]+)/g)].map(([, name]) => name)
    expect(named.length).toBeGreaterThan(1)
    expect(named.filter((name) => !(name !== undefined && name in packageJson.scripts))).toEqual([])
  })
})

describe('documents', () => {
  test('are what their sources make of them', async () => {
    expect(await staleDocuments()).toEqual([])
  })

  test('link to files that exist', async () => {
    const documents = ['README.md', 'CONTRIBUTING.md', 'AGENTS.md', 'SECURITY.md', 'CHANGELOG.md']
    const listed = await readFolder('docs')
    const dead: string[] = []
    for (const path of [...documents, ...listed]) {
      const base = new URL(path, ROOT)
      for (const [, target = ''] of (await read(path)).matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)/g)) {
        const found = await readFile(new URL(target, base)).catch(
          (error: NodeJS.ErrnoException) => error.code,
        )
        if (found === 'ENOENT') dead.push(`${path}: ${target}`)
      }
    }
    expect(dead).toEqual([])
  })

  test('call no key of the repository config idle that the code reads', async () => {
    const code = [...(await readTree('src'))].filter(([path]) => !path.startsWith('src/protocol/'))
    const idle = Object.entries(repositoryConfigMeanings).flatMap(([key, { later }]) => {
      const name = key.split('.').at(-1) ?? ''
      return later && name.includes('_') ? [name] : []
    })
    expect(idle).toContain('max_revisions')
    const read = idle.filter((name) => code.some(([, text]) => new RegExp(`\\.${name}\\b`).test(text)))
    expect(read).toEqual([])
  })
})

describe('.env.example', () => {
  test('names every variable that the server reads', async () => {
    const named = [...(await read('.env.example')).matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(
      ([, name]) => name,
    )
    expect(named).toEqual(Object.keys(SETTINGS))
  })
})

async function readFolder(folder: string): Promise<string[]> {
  const entries = await readdir(fileURLToPath(new URL(folder, ROOT)), { recursive: true })
  return entries
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
}
