import { type Module, type Modules, ROOMS, type Room, readModules } from './rooms.ts'

/** What breaks a rule, and why that is a rule. */
export interface Violation {
  readonly rule: string
  readonly path: string
  readonly reason: string
}

type Rule = (modules: Modules) => Iterable<Violation>

/**
 * Checks the files of `src/` against the rules of docs/architecture.md. A type-only import leaves nothing behind when
 * the program runs: it counts for the rooms, and does not count for cycles nor for what reaches the network.
 */
export function violations(files: ReadonlyMap<string, string>): Violation[] {
  const modules = readModules(files)
  return RULES.flatMap((rule) => [...rule(modules)])
}

const OCTOKIT = new Set([
  '@octokit/rest',
  '@octokit/graphql',
  '@octokit/auth-app',
  '@octokit/core',
  'octokit',
])
const NETWORK = new Set([
  ...['http', 'http2', 'https', 'net', 'tls', 'dns', 'dns/promises', 'dgram'].map((name) => `node:${name}`),
  ...['ws', 'undici', 'express', 'probot', '@octokit/webhooks', 'pg', 'pg-boss'],
  ...OCTOKIT,
])
/** What the orchestrator may not even name: rooms whose purpose is to reach somebody. */
const REACHING_ROOMS: ReadonlySet<Room | null> = new Set<Room>(['github', 'git', 'channels', 'payouts'])
const AGENT_KNOWS: ReadonlySet<Room | null> = new Set<Room>(['agent', 'protocol', 'domain', 'runtime'])

const ENVIRONMENT_READERS = new Set([
  'src/config.ts',
  'src/agent/config.ts',
  // Not a part of the server: a program that the demo's agents run, which finds its task in its environment as the
  // contract of the `command` driver says (docs/agents.md). It stands in src/ because the build has to ship it.
  'src/cli/demo/agent-program.ts',
])

const STATEMENT =
  /^\s*(?:select\s[\s\S]*\sfrom\s|insert\s+into\s|update\s+[\w."]+\s+(?:as\s+\w+\s+)?set\s|delete\s+from\s|with\s+\w+\s+as\s*\(|(?:create|alter|drop|truncate)\s+(?:table|index|database|type|role)\b)/i
const BUILDER = /\.(selectFrom|insertInto|updateTable|deleteFrom|mergeInto|selectNoFrom)\s*\(/
const QUERY = /\b(?:pool|client|connection|db|trx|database)\s*\.\s*(?:query|executeQuery)\s*\(/

const RULES: readonly Rule[] = [
  cycles,
  domain,
  sql,
  octokit,
  orchestrator,
  localGitHub,
  localModel,
  environment,
  order,
  agent,
]

function* cycles(modules: Modules): Iterable<Violation> {
  const state = new Map<string, 'open' | 'done'>()
  const trail: string[] = []
  const found: string[][] = []
  function visit(path: string): void {
    state.set(path, 'open')
    trail.push(path)
    for (const { target, typeOnly } of modules.get(path)?.local ?? []) {
      if (typeOnly || !modules.has(target)) continue
      if (state.get(target) === 'open') found.push([...trail.slice(trail.indexOf(target)), target])
      else if (!state.has(target)) visit(target)
    }
    trail.pop()
    state.set(path, 'done')
  }
  for (const path of modules.keys()) if (!state.has(path)) visit(path)
  for (const cycle of found) {
    const reason = `imports itself in a circle: ${cycle.join(' -> ')}. One of them holds two concepts: take out what both need`
    yield { rule: 'no cycle', path: cycle[0] ?? '', reason }
  }
}

function* domain(modules: Modules): Iterable<Violation> {
  for (const module of inRoom(modules, 'domain')) {
    for (const { specifier } of [...module.local.filter(leaves(module)), ...module.packages]) {
      const reason = `imports ${specifier}: domain decides from its arguments alone, so that it can be tested without a world`
      yield { rule: 'domain imports nothing', path: module.path, reason }
    }
  }
}

function* sql(modules: Modules): Iterable<Violation> {
  const rule = 'SQL only in db/'
  const why = 'put the statement into a repository of db/, named for what it answers'
  for (const module of modules.values()) {
    if (module.room === 'db') continue
    const { path } = module
    for (const { name, names, typeOnly } of module.packages) {
      if (name === 'kysely' && !typeOnly && (names.includes('sql') || names.includes('*')))
        yield { rule, path, reason: `imports kysely's sql: ${why}` }
      if (name === 'pg' && !typeOnly) yield { rule, path, reason: `opens connections of pg itself: ${why}` }
    }
    const built = BUILDER.exec(module.code)?.[1]
    if (built !== undefined) yield { rule, path, reason: `builds a query with .${built}(): ${why}` }
    if (QUERY.test(module.code)) yield { rule, path, reason: `sends a query itself: ${why}` }
    const statement = module.texts.find((text) => STATEMENT.test(text))
    if (statement !== undefined)
      yield { rule, path, reason: `holds the statement "${statement.trim().slice(0, 60)}": ${why}` }
  }
}

function* octokit(modules: Modules): Iterable<Violation> {
  for (const { room, path, packages } of modules.values()) {
    if (room === 'github') continue
    for (const { name } of packages.filter((found) => OCTOKIT.has(found.name))) {
      const reason = `imports ${name}: calls to GitHub go through src/github/, which counts and paces them`
      yield { rule: '@octokit/rest and /graphql only in github/', path, reason }
    }
  }
}

function* orchestrator(modules: Modules): Iterable<Violation> {
  const rule = 'orchestrator reaches no network'
  const why = 'what must happen outside leaves as a job in the same transaction'
  for (const module of inRoom(modules, 'orchestrator')) {
    for (const { target } of module.local.filter(({ target }) => REACHING_ROOMS.has(room(modules, target)))) {
      yield { rule, path: module.path, reason: `imports ${target}: ${why}` }
    }
    if (/\bfetch\s*\(/.test(module.code)) yield { rule, path: module.path, reason: `calls fetch(): ${why}` }
    const way = wayToNetwork(modules, module.path, new Set())
    if (way !== null) yield { rule, path: module.path, reason: `reaches ${way.join(' -> ')}: ${why}` }
  }
}

/** The first way by which a module comes to the network, not through db/ and queue/, which may. */
function wayToNetwork(modules: Modules, path: string, seen: Set<string>): string[] | null {
  seen.add(path)
  const module = modules.get(path)
  if (module === undefined || module.room === 'db' || module.room === 'queue') return null
  const direct = module.packages.find(({ name, typeOnly }) => !typeOnly && NETWORK.has(name))
  if (direct !== undefined) return [direct.specifier]
  for (const { target, typeOnly } of module.local) {
    if (typeOnly || seen.has(target)) continue
    const way = wayToNetwork(modules, target, seen)
    if (way !== null) return [target, ...way]
  }
  return null
}

/** The stand-in for model providers: as the local GitHub, it is known by its address alone. */
function* localModel(modules: Modules): Iterable<Violation> {
  const rule = 'local-model is imported by the CLI alone'
  for (const module of modules.values()) {
    const { path } = module
    for (const { target } of module.local.filter(leaves(module))) {
      if (room(modules, target) === 'local-model' && module.room !== 'cli')
        yield { rule, path, reason: `imports ${target}: an address decides which model is asked` }
      else if (module.room === 'local-model')
        yield { rule, path, reason: `imports ${target}: the local model talks to the rest over HTTP only` }
    }
  }
}

function* localGitHub(modules: Modules): Iterable<Violation> {
  const rule = 'local-github is imported by the CLI alone; nobody asks whether this is the demo'
  const why = 'a base URL decides which GitHub it is, or the demo proves nothing about the real one'
  for (const module of modules.values()) {
    const { path } = module
    for (const { target } of module.local.filter(leaves(module))) {
      if (room(modules, target) === 'local-github' && module.room !== 'cli')
        yield { rule, path, reason: `imports ${target}: ${why}` }
      else if (module.room === 'local-github')
        yield { rule, path, reason: `imports ${target}: the local GitHub talks to the rest over HTTP only` }
    }
    const asked =
      module.room === 'cli'
        ? /\bif\s*\([^{;]*\b\w*demo\w*\b(?!\s*\()/i.exec(module.code)
        : /\b\w*demo\w*\b/i.exec(module.code.replaceAll(/\b(?:demote|democra)\w*/gi, ''))
    if (asked) yield { rule, path, reason: `knows of the demo ("${asked[0].slice(0, 60)}"): ${why}` }
  }
}

function* environment(modules: Modules): Iterable<Violation> {
  for (const { path, code, texts, packages } of modules.values()) {
    if (ENVIRONMENT_READERS.has(path)) continue
    const indexed = [...code.matchAll(/\bprocess\s*(?:\?\.)?\[\s*"§(\d+)"/g)].some(
      ([, at]) => texts[Number(at)] === 'env',
    )
    const taken = /\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/.test(code)
    const imported = packages.some(
      ({ specifier, names }) => /^(node:)?process$/.test(specifier) && names.includes('env'),
    )
    if (!indexed && !taken && !imported && !/\bprocess\s*\??\.\s*env\b/.test(code)) continue
    const reason =
      'reads process.env: settings come checked from src/config.ts or src/agent/config.ts, as arguments'
    yield { rule: 'process.env only in config.ts and agent/config.ts', path, reason }
  }
}

function* order(modules: Modules): Iterable<Violation> {
  const rule = 'a room imports from rooms above it'
  for (const module of modules.values()) {
    const { path } = module
    if (module.room === 'domain') continue // has a stricter rule of its own
    if (module.room === null) {
      yield {
        rule,
        path,
        reason: 'is in no room: add the room to ROOMS at its place, and to docs/architecture.md',
      }
      continue
    }
    for (const { target } of module.local) {
      if (target.endsWith('.json')) continue
      const other = room(modules, target)
      if (!modules.has(target)) yield { rule, path, reason: `imports ${target}, which is no file of src/` }
      else if (other !== null && ROOMS.indexOf(other) > ROOMS.indexOf(module.room))
        yield {
          rule,
          path,
          reason: `imports ${target}: ${other} stands below ${module.room} in the list of rooms`,
        }
    }
  }
}

function* agent(modules: Modules): Iterable<Violation> {
  for (const module of inRoom(modules, 'agent')) {
    for (const { target } of module.local.filter(({ target }) => !AGENT_KNOWS.has(room(modules, target)))) {
      const reason = `imports ${target}: an agent runs on another machine and knows protocol, domain and runtime only`
      yield { rule: 'agent/ knows protocol, domain and runtime', path: module.path, reason }
    }
  }
}

function* inRoom(modules: Modules, name: Room): Iterable<Module> {
  for (const module of modules.values()) if (module.room === name) yield module
}

function leaves(module: Module): (found: { target: string }) => boolean {
  return ({ target }) => !target.startsWith(`src/${module.room}/`) && target !== module.path
}

function room(modules: Modules, path: string): Room | null {
  return modules.get(path)?.room ?? null
}
