import { serveParent } from '../bench/stage/child.ts'
import type { Fault } from '../src/local-github/faults.ts'
import { type LocalGitHub, startLocalGitHub } from '../src/local-github/server.ts'
import { eventsAfter } from './github-events.ts'

/** More than any run asks for: the limits have tests of their own. */
const NO_LIMIT = 1_000_000

/** The outside world, in a process of its own that nobody kills. */
function githubApi(github: LocalGitHub, failures: readonly string[]) {
  return {
    /** What went wrong in it by no fault of ours. */
    failures: () => failures,
    describe: () => ({
      apiUrl: github.apiUrl,
      webUrl: github.webUrl,
      gitUrl: github.gitUrl,
      app: github.app,
    }),
    createUser: (login: string) => github.createUser(login),
    createRepository: (repository: Parameters<LocalGitHub['createRepository']>[0]) =>
      github.createRepository(repository),
    install: (repositories: string[]) => github.install(repositories),
    setWebhook: (url: string) => github.setWebhook({ url }),
    addFault: (fault: Fault) => github.faults.add(fault),
    armedFaults: () => github.faults.armed(),
    clearFaults: () => github.faults.clear(),
    /** Sends what was held back and waits until nothing is under way. */
    flushWebhooks: () => github.flushWebhooks(),
    events: (after: number) => eventsAfter(github.deliveries(), after),
    deliveryCounts: () => {
      const all = github.deliveries()
      return {
        events: all.filter(({ redelivery }) => !redelivery).length,
        copies: all.filter(({ redelivery }) => redelivery).length,
        refused: all.filter(({ statusCode, status }) => statusCode !== 202 && status !== 'pending').length,
      }
    },
    requestCounts: () => {
      const app = github.requests.filter(({ actor }) => actor !== 'user')
      return {
        requests: app.length,
        failed: app.filter(({ status }) => status >= 500 || status === 0).length,
      }
    },
  }
}
export type GitHubApi = ReturnType<typeof githubApi>

serveParent<{ root: string }, GitHubApi>(async ({ root }) => {
  const failures: string[] = []
  const github = await startLocalGitHub({
    root,
    limits: {
      perHour: NO_LIMIT,
      pointsPerMinute: NO_LIMIT,
      contentPerMinute: NO_LIMIT,
      contentPerHour: NO_LIMIT,
      concurrent: NO_LIMIT,
    },
    // the checks of payloads have tests of their own; here they would only hold deliveries up
    checkWebhooks: false,
    onError: (error) =>
      failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  })
  return { api: githubApi(github, failures), stop: () => github.stop() }
})
