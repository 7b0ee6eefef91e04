import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REPOSITORY_CONFIG_PATH } from '../../src/protocol/repository-config-file.ts'
import { begin, finish, personalClone, statusSays } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld({
    files: { [REPOSITORY_CONFIG_PATH]: 'trigger:\n  label: go\n  whom: "@maya | `x` fixes #1"\n' },
  })
})
afterAll(() => world.stop())

/** Commits the config file to the default branch, as a person; null removes it. */
async function commitConfig(text: string): Promise<void> {
  const file = await world.maintainer.call('GET', `/contents/${REPOSITORY_CONFIG_PATH}`)
  await world.maintainer.call('PUT', `/contents/${REPOSITORY_CONFIG_PATH}`, {
    message: 'Change the config',
    content: Buffer.from(text).toString('base64'),
    sha: file.sha,
  })
}

const configError = async () => (await world.project())?.configError ?? null

/** Waits until the config that was committed last was looked at. */
const known = (wanted: RegExp | null) =>
  until(`the config is known to be ${wanted ?? 'right'}`, async () => {
    const error = await configError()
    return wanted === null ? error === null : wanted.test(error ?? '')
  })

const mistake = `${REPOSITORY_CONFIG_PATH}:3:3 trigger: Unrecognized key: "whom"`

test('a file that is wrong from the start leaves the defaults in force, and is told with line and column', async () => {
  const story = await begin(world, 'ada', { title: 'With a wrong config' })
  expect((await world.project())?.config.trigger.label).toBe('process')
  expect(await configError()).toBe(mistake)
  const comment = await statusSays(
    world,
    story.number,
    'The configuration file is not valid',
    ':3:3 ',
    'whom',
  )
  expect(comment).not.toMatch(/@maya|fixes #1/)
  await world.maintainer.comment(story.number, '/why')
  await until('/why tells it', async () =>
    (await world.appComments(story.number)).some(
      (body) => body.includes('The configuration file has a mistake') && body.includes(':3:3'),
    ),
  )
  await finish(world, story)
})

test('a valid file comes into force, a wrong one after it does not, until it is right again', async () => {
  await commitConfig('limits: { max_attempts: 7 }\n')
  await known(null)
  expect((await world.project())?.config.limits.max_attempts).toBe(7)

  await commitConfig('limits:\n  max_attempts: lots\n')
  await known(/:2:17 limits\.max_attempts: /)
  expect((await world.project())?.config.limits.max_attempts).toBe(7)
  const story = await begin(world, 'bob', { title: 'With the last valid config' })
  await statusSays(world, story.number, '(the last valid one is in force)', ':2:17')
  await finish(world, story)

  await commitConfig('limits:\n  max_attempts: 9\n')
  await known(null)
  expect((await world.project())?.config.limits.max_attempts).toBe(9)
})

test.each([
  [
    'has more than 1 MB',
    `# ${'x'.repeat(1_100_000)}\n`,
    /the file (has more than 1 MB|is not a regular file of at most 65536 bytes)/,
  ],
  [
    'has more than is read',
    `# ${'x'.repeat(70_000)}\n`,
    /the file (has 7000\d bytes; at most 65536 are read|is not a regular file)/,
  ],
  [
    'is a bomb',
    `a: &a [1,1]\n${Array.from({ length: 60 }, (_, i) => `b${i}: [*a,*a,*a,*a,*a]`).join('\n')}\n`,
    /:1:1 /,
  ],
])('a file that %s changes nothing, and tasks still run', async (what, text, message) => {
  await commitConfig(text)
  await known(message)
  expect((await world.project())?.config.limits.max_attempts).toBe(9)
  const name = what.replaceAll(' ', '-').toLowerCase()
  await finish(world, await begin(world, name, { title: `It ${what}` }))
  expect(await configError()).toMatch(message)
})

test.each([
  ['a symbolic link', (path: string) => symlink('../README.md', path)],
  [
    'a directory',
    async (path: string) => {
      await mkdir(path)
      await writeFile(join(path, 'inside.yml'), 'publish: auto\n')
    },
  ],
] as const)('a file that is %s changes nothing, and tasks still run', async (what, put) => {
  const clone = await personalClone(world, world.maintainer, 'change-the-config')
  try {
    await clone.git('rm', '-r', '-q', REPOSITORY_CONFIG_PATH)
    const path = join(clone.path, REPOSITORY_CONFIG_PATH)
    await mkdir(dirname(path), { recursive: true })
    await put(path)
    await clone.commit({})
    expect(await clone.push('main')).toMatchObject({ ok: true })
  } finally {
    await clone.remove()
  }
  const name = what.replaceAll(' ', '-')
  await finish(world, await begin(world, name, { title: `The config is ${what}` }))
  const project = await world.project()
  expect(project?.configError).toMatch(/:1:1 the file is (a directory|not a regular file)/)
  expect(project?.config.limits.max_attempts).toBe(9)
})
