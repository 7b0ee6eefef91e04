// Writes src/local-github/schema/*.json from GitHub's own descriptions, which are fetched from the registry into the
// cache directory: together they unpack to 385 MB, too much for a dependency.
// `--check` compares byte by byte instead of writing and exits with 1 when a file differs (`npm run test:drift`).
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { extractDifferences } from './github-schema/compare.ts'
import { extractRest, extractWebhooks, isNode, type Node } from './github-schema/extract.ts'
import {
  cacheDirectory,
  type DescriptionPackage,
  describedFileOf,
  restPackage,
  webhooksPackage,
} from './github-schema/packages.ts'

const schemaDirectory = path.join(import.meta.dirname, '../src/local-github/schema')
const linesShown = 40

function readDescription(from: DescriptionPackage): Node {
  const file = describedFileOf(from, cacheDirectory(process.env, process.platform))
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!isNode(parsed)) throw new Error(`${file} is no object.`)
  return parsed
}

function check(name: string, file: string, text: string): void {
  const differences = existsSync(file) ? extractDifferences(readFileSync(file, 'utf8'), text) : ['missing']
  if (differences.length === 0) {
    console.log(`${name} is what GitHub describes.`)
    return
  }
  process.exitCode = 1
  console.error(
    `${name} is not what GitHub describes; run \`node scripts/extract-github-schema.ts\` to renew it.`,
  )
  for (const line of differences.slice(0, linesShown)) console.error(`  ${line}`)
  if (differences.length > linesShown) console.error(`  and ${differences.length - linesShown} more`)
}

const outputs = {
  'rest.json': extractRest(readDescription(restPackage), restPackage.specifier),
  'webhooks.json': extractWebhooks(readDescription(webhooksPackage), webhooksPackage.specifier),
}
for (const [name, content] of Object.entries(outputs)) {
  const file = path.join(schemaDirectory, name)
  const text = `${JSON.stringify(content)}\n`
  if (process.argv.includes('--check')) check(name, file, text)
  else writeFileSync(file, text)
}
