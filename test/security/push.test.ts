import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BRANCH, commit, type Stage, startStage } from '../git/harness/gateway.ts'
import { git, tryGit } from '../git/harness/git-client.ts'

let stage: Stage
let path: string
beforeAll(async () => {
  stage = await startStage()
  path = await stage.clone()
})
afterAll(() => stage.stop())

/** Puts a commit with these exact bytes on the branch; git's own commands would make another encoding of it. */
async function commitBytes(header: string, message: Buffer): Promise<void> {
  const tree = await git(path, 'rev-parse', 'origin/main^{tree}')
  const parent = await git(path, 'rev-parse', 'origin/main')
  const who = 'Ada <ada@example.com> 1767225600 +0000'
  const head = `tree ${tree}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n${header}\n`
  const file = join(stage.work, 'commit')
  await writeFile(file, Buffer.concat([Buffer.from(head), message]))
  const made = await git(path, 'hash-object', '-t', 'commit', '-w', '--literally', file)
  await git(path, 'update-ref', `refs/heads/${BRANCH}`, made)
}

test('a push is refused when a commit hides its words behind the name of another encoding', async () => {
  // read as UTF-16 the bytes are no words; whoever takes them as they stand closes an issue
  await commitBytes('encoding UTF-16LE\n', Buffer.from('Fixes #9, sort of\n'))
  const asBytes = await tryGit(path, ['push', 'origin', BRANCH])
  expect(asBytes.stderr).toContain('a commit message says "Fixes #9"')
  // as bytes these are no words; read as the header says, they are
  await commitBytes('encoding UTF-16BE\n', Buffer.from('Fixes #8\n', 'utf16le').swap16())
  const decoded = await tryGit(path, ['push', 'origin', BRANCH])
  expect(decoded.code).toBe(1)
  expect(stage.port.outcomes).toEqual([])
})

test('nothing of a repository runs on the server when it is pushed, checked and fetched', async () => {
  await git(path, 'checkout', '-q', '-f', '-B', BRANCH, 'origin/main')
  const trap = `${stage.work}/trap`
  const run = `sh -c 'touch ${trap}; cat'`
  await commit(path, 'traps', {
    '.gitattributes': '* filter=trap diff=trap merge=trap text\n',
    '.gitconfig': `[filter "trap"]\n\tclean = ${run}\n\tsmudge = ${run}\n[diff "trap"]\n\tcommand = ${run}\n`,
    '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::${run}\n`,
    '.lfsconfig': `[lfs]\n\turl = ext::${run}\n`,
    'hooks/pre-receive': `#!/bin/sh\ntouch ${trap}\n`,
    '.git-hooks/post-checkout': `#!/bin/sh\ntouch ${trap}\n`,
    'file.txt': 'content\n',
  })
  expect(await tryGit(path, ['push', '--force', 'origin', BRANCH])).toMatchObject({
    code: 0,
    stderr: expect.not.stringContaining('rejected'),
  })
  await stage.mirrors.mirror(1).fetch(stage.host.remote())
  expect(await tryGit(stage.work, ['clone', '-q', stage.url, 'again'])).toMatchObject({ code: 0 })
  expect(existsSync(trap)).toBe(false)
})

test.each([
  ['x', '-u./payload'],
  ['../../x', 'https://example.com/x.git'],
])(
  'a push is refused when the submodule %s at %s would be an option or a path elsewhere',
  async (name, url) => {
    await git(path, 'checkout', '-q', '-f', '-B', BRANCH, 'origin/main')
    await commit(path, 'submodule', { '.gitmodules': `[submodule "${name}"]\n\tpath = x\n\turl = ${url}\n` })
    const pushed = await tryGit(path, ['push', '--force', 'origin', BRANCH])
    expect(pushed.stderr).toContain('the pushed objects cannot be accepted')
  },
)
