import type { Api } from './github-api.ts'

/** How the agents' program behaves, by the first word of a title; each round of twenty has all of them. */
const ROUND = [
  ...['quick', 'slow', 'children', 'commits', 'quick', 'slow', 'fails', 'quick', 'children', 'again'],
  ...['quick', 'asks', 'slow', 'quick', 'commits', 'children', 'empty', 'quick', 'slow', 'quick'],
]

export interface Asked {
  repository: string
  number: number
  kind: string
}

/** Opens issues and labels them, one repository after the other. */
export class Load {
  readonly asked: Asked[] = []
  readonly #api: Api
  readonly #repositories: readonly string[]

  constructor(api: Api, repositories: readonly string[]) {
    this.#api = api
    this.#repositories = repositories
  }

  /** Opens one issue and asks for it. */
  async ask(wanted?: string): Promise<Asked> {
    const index = this.asked.length
    const repository = this.#repositories[index % this.#repositories.length]
    // each round begins with another repository, so that every one sees every kind
    const kind = wanted ?? ROUND[(index + Math.floor(index / ROUND.length)) % ROUND.length] ?? 'quick'
    if (repository === undefined) throw new Error('there is no repository')
    const made = (await this.#api('POST', `/repos/${repository}/issues`, {
      title: `${kind} work ${index + 1}`,
      body: `This is to be done the ${kind} way.\n\n- [ ] it is done\n`,
    })) as { number: number }
    const asked = { repository, number: made.number, kind }
    // it counts from the label on: that is the request
    await this.#api('POST', `/repos/${repository}/issues/${made.number}/labels`, { labels: ['process'] })
    this.asked.push(asked)
    return asked
  }
}
