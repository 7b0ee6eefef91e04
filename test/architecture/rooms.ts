import { posix } from 'node:path'
import { type Import, readSource, type Source } from './source-reader.ts'

/** From the ground up; a room imports from rooms above it in this list, not below (docs/architecture.md). */
export const ROOMS = [
  'domain',
  'runtime',
  'protocol',
  'db',
  'github',
  'git',
  'queue',
  'presenter',
  'orchestrator',
  'channels',
  'payouts',
  'webhooks',
  'api',
  'dashboard',
  'jobs',
  'agent',
  'local-github',
  'local-model',
  'config',
  'main',
  'cli',
] as const
export type Room = (typeof ROOMS)[number]

/** A source file with its room and where its imports lead. */
export interface Module extends Source {
  readonly path: string
  readonly room: Room | null
  readonly local: readonly (Import & { target: string })[]
  /** Imports of packages and of Node's own modules, by the package's name. */
  readonly packages: readonly (Import & { name: string })[]
}

export type Modules = ReadonlyMap<string, Module>

/** @param files path from the repository's root, such as `src/domain/task.ts`, to its text */
export function readModules(files: ReadonlyMap<string, string>): Modules {
  return new Map([...files].map(([path, text]) => [path, readModule(path, text)]))
}

function readModule(path: string, text: string): Module {
  const source = readSource(text)
  const local: Module['local'][number][] = []
  const packages: Module['packages'][number][] = []
  for (const found of source.imports) {
    const { specifier } = found
    if (specifier.startsWith('.')) {
      local.push({ ...found, target: posix.join(posix.dirname(path), specifier) })
    } else packages.push({ ...found, name: packageName(specifier) })
  }
  return { ...source, path, room: roomOf(path), local, packages }
}

/** `src/domain/context/fence.ts` is in `domain`, `src/main.ts` in `main`; null when the list does not know it. */
export function roomOf(path: string): Room | null {
  const name = path.split('/')[1]?.replace(/\.ts$/, '')
  return ROOMS.find((room) => room === name) ?? null
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
