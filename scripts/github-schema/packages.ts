import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** A published description of GitHub's: which package, what its archive hashes to, and the file in it. */
export interface DescriptionPackage {
  /** Name and exact version, as npm takes it. */
  specifier: string
  /** `sha512-` and the hash of the archive in Base64, as in a lock file. */
  integrity: string
}

export const restPackage: DescriptionPackage = {
  specifier: '@octokit/openapi@23.0.2',
  integrity:
    'sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==',
}

export const webhooksPackage: DescriptionPackage = {
  specifier: '@octokit/openapi-webhooks@12.1.0',
  integrity:
    'sha512-Z5eDsLCUNbx1zHpZb1LNQirADqdMTvWJQ/deahi0ws+tWWnwHXB+Pr4jfmM9OrETS9Y5iW8ZRu1fdbudObhLrg==',
}

const describedFile = 'package/generated/api.github.com.json'

/** `MISSION_CONTROL_CACHE_DIR`, else the place for caches that the system has; the directory may not exist yet. */
export function cacheDirectory(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const { MISSION_CONTROL_CACHE_DIR: own, XDG_CACHE_HOME: xdg } = environment
  if (own) return path.resolve(own)
  if (xdg) return path.join(xdg, 'mission-control')
  const caches = platform === 'darwin' ? 'Library/Caches' : '.cache'
  return path.join(homedir(), caches, 'mission-control')
}

/** Downloads an archive with npm into a directory and answers its path. */
export type Download = (specifier: string, directory: string) => string

const downloadWithNpm: Download = (specifier, directory) => {
  const output = execFileSync('npm', ['pack', specifier, '--json', '--pack-destination', directory], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [packed] = JSON.parse(output) as { filename: string }[]
  if (!packed) throw new Error(`npm pack ${specifier} named no archive.`)
  return path.join(directory, path.basename(packed.filename))
}

/**
 * The described file of a package, from the cache or else from the registry. Of the package (up to 350 MB) only that
 * file is kept. Two at once do not harm each other: what is in the cache has been complete before it got its name.
 * Throws when the archive is not the one that is pinned.
 */
export function describedFileOf(
  { specifier, integrity }: DescriptionPackage,
  cache: string,
  download: Download = downloadWithNpm,
): string {
  const place = path.join(cache, 'github-schema')
  const kept = path.join(place, `${specifier.replaceAll(/[^\w.]+/g, '-').replace(/^-/, '')}.json`)
  if (existsSync(kept)) return kept
  mkdirSync(place, { recursive: true })
  const work = mkdtempSync(path.join(place, '.download-'))
  try {
    const archive = download(specifier, work)
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
    if (found !== integrity) throw new Error(`${specifier} is ${found}, not ${integrity}.`)
    execFileSync('tar', ['-xzf', archive, '-C', work, describedFile], { stdio: 'inherit' })
    renameSync(path.join(work, describedFile), kept)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return kept
}
