import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { PROTECTED_VARIABLE, PULL_ONLY_VARIABLE, PUSH_VARIABLE, WORKFLOWS_VARIABLE } from './hooks.ts'

export interface RefUpdate {
  ref: string
  before: string
  after: string
}

/** The record that the hooks of one push write and the HTTP side reads when git is done. */
export interface PushRecord {
  env: Record<string, string>
  /** Refs that really moved. */
  moved(): Promise<RefUpdate[]>
  refused(): Promise<Map<string, string>>
  dispose(): Promise<void>
}

/** Prepares the record of one push. Its directory cannot clash with an owner: those begin with a letter or digit. */
export async function openPushRecord(
  root: string,
  rules: {
    mayWriteWorkflows: boolean
    protectedBranches: readonly string[]
    pullOnlyBranches: readonly string[]
  },
): Promise<PushRecord> {
  const directory = path.join(root, '.pushes')
  await mkdir(directory, { recursive: true })
  const file = path.join(directory, randomUUID())
  return {
    env: {
      [PUSH_VARIABLE]: file,
      [WORKFLOWS_VARIABLE]: rules.mayWriteWorkflows ? '1' : '0',
      [PROTECTED_VARIABLE]: rules.protectedBranches.join('\n'),
      [PULL_ONLY_VARIABLE]: rules.pullOnlyBranches.join('\n'),
    },
    async moved() {
      const lines = await readLines(`${file}.moved`)
      return lines.map(parseUpdate).filter((update) => update.before !== update.after)
    },
    async refused() {
      const lines = await readLines(`${file}.refused`)
      return new Map(
        lines.map((line) => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]),
      )
    },
    async dispose() {
      await Promise.all([rm(`${file}.moved`, { force: true }), rm(`${file}.refused`, { force: true })])
    },
  }
}

function parseUpdate(line: string): RefUpdate {
  const [before = '', after = '', ref = ''] = line.split(' ')
  return { ref, before, after }
}

/** The hook writes the file only when it has something to say. */
async function readLines(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
