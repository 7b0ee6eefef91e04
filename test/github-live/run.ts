import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startLocalGitHub } from '../../src/local-github/server.ts'
import { asApp } from './caller.ts'
import { startFeed } from './feed.ts'
import type { Place } from './place.ts'
import { startRecorder } from './recorder.ts'
import { startLiveServer } from './server.ts'
import type { Observation } from './shape.ts'
import { playStory, prepareLabels, survey } from './story.ts'

export interface RunOptions {
  databaseUrl: string
  pollMs: number
  patienceSeconds: number
  say(line: string): void
}

/** Plays the loop on a place and answers all that its GitHub answered and sent. Throws when the loop does not go. */
export async function observe(place: Place, options: RunOptions): Promise<Observation[]> {
  const { databaseUrl, pollMs } = options
  await prepareLabels(place)
  const recorder = await startRecorder(place.apiUrl)
  const { observations, url: apiUrl } = recorder
  try {
    const ground = await survey(place, apiUrl)
    const server = await startLiveServer(place, apiUrl, ground, databaseUrl)
    try {
      const feed = await startFeed({
        app: asApp(place, apiUrl),
        repositoryId: ground.repositoryId,
        webhookUrl: server.webhookUrl,
        secret: server.webhookSecret,
        pollMs,
        observations,
      })
      try {
        await playStory({ ...options, place, apiUrl, ground, server })
      } finally {
        for (const failure of await feed.stop())
          options.say(`a delivery was not passed on: ${String(failure)}`)
      }
    } finally {
      await server.stop()
    }
  } finally {
    await recorder.stop()
  }
  return observations
}

/** A local GitHub with one repository and the app installed on it. */
export interface Twin {
  place: Place
  stop(): Promise<void>
}

/** A closed port: as with GitHub and a laptop, no delivery arrives by itself. */
const nowhere = 'http://127.0.0.1:9/'

export async function startTwin(
  repository: string,
  options: { files: Record<string, string>; private: boolean; person: string },
): Promise<Twin> {
  const github = await startLocalGitHub({ limits: { pointsPerMinute: 1_000_000 } })
  const [owner = '', name = ''] = repository.split('/')
  await github.createRepository({ owner, name, files: options.files, private: options.private })
  const { token } = github.createUser(options.person)
  github.setRole(repository, options.person, 'admin')
  github.setWebhook({ url: nowhere })
  await github.install([repository])
  const { id: appId, privateKey } = github.app
  return {
    place: {
      apiUrl: github.apiUrl,
      serverUrl: github.webUrl,
      appId,
      privateKey,
      repository,
      personToken: token,
    },
    stop: () => github.stop(),
  }
}

/** A local GitHub with a repository that holds what the place's holds, for the same person. */
export async function startTwinOf(place: Place): Promise<Twin> {
  const ground = await survey(place, place.apiUrl)
  const files = await filesOf(place)
  return startTwin(`${ground.owner}/${ground.name}`, {
    files,
    private: ground.private,
    person: ground.person.login,
  })
}

/** The texts of the repository's default branch. */
async function filesOf({ personToken, repository, serverUrl }: Place): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'mc-github-live-files-'))
  const basic = Buffer.from(`x-access-token:${personToken}`).toString('base64')
  try {
    await promisify(execFile)(
      'git',
      ['clone', '--quiet', '--depth=1', `${serverUrl}/${repository}.git`, directory],
      {
        env: {
          PATH: process.env.PATH,
          GIT_TERMINAL_PROMPT: '0',
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: 'http.extraHeader',
          GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
        },
      },
    )
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    const files: Record<string, string> = {}
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name).slice(directory.length + 1)
      if (entry.isFile() && !path.startsWith('.git/'))
        files[path] = await readFile(join(directory, path), 'utf8')
    }
    return files
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
