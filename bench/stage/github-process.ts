import { z } from 'zod'
import { type LocalGitHub, startLocalGitHub } from '../../src/local-github/server.ts'
import { serveParent } from './child.ts'

const LabelPayload = z.object({ issue: z.object({ number: z.int() }), label: z.object({ name: z.string() }) })

/** The local GitHub in a process of its own, as far as a case needs it. */
function githubApi(github: LocalGitHub) {
  return {
    describe: () => ({ apiUrl: github.apiUrl, webUrl: github.webUrl, app: github.app }),
    createUser: (login: string) => github.createUser(login),
    createRepository: (repository: Parameters<LocalGitHub['createRepository']>[0]) =>
      github.createRepository(repository),
    install: (repositories: string[]) => github.install(repositories),
    setWebhook: (url: string) => github.setWebhook({ url }),
    flushWebhooks: () => github.flushWebhooks(),
    /** Deliveries of `issues.labeled`, in milliseconds since the epoch. */
    labelDeliveries: () =>
      github.deliveries().flatMap(({ event, action, payload, guid, queuedAt, deliveredAt }) => {
        if (event !== 'issues' || action !== 'labeled' || deliveredAt === null) return []
        const { issue, label } = LabelPayload.parse(JSON.parse(payload))
        return [{ guid, issue: issue.number, label: label.name, queuedAt: +queuedAt, sentAt: +deliveredAt }]
      }),
    /** Requests of the app by git, in milliseconds since the epoch. */
    gitRequests: () =>
      github.requests
        .filter(({ operationId, actor }) => operationId === 'git' && actor !== 'user')
        .map(({ path, at, durationMs }) => ({ path, start: +at - durationMs, end: +at })),
  }
}
export type GitHubApi = ReturnType<typeof githubApi>

serveParent(async () => {
  // a case asks for more in a minute than an installation would
  const github = await startLocalGitHub({ limits: { pointsPerMinute: 1_000_000 } })
  return { api: githubApi(github), stop: () => github.stop() }
})
