/** Plays a person at the local GitHub, over its REST API, with that person's token. */
export interface Maintainer {
  openIssue(issue: {
    title: string
    body: string
    labels: string[]
  }): Promise<{ number: number; url: string }>
  makeLabel(name: string, description: string): Promise<void>
  label(number: number, name: string): Promise<void>
  merge(pullRequest: number): Promise<{ commit: string }>
}

export function createMaintainer(apiUrl: string, token: string, repository: string): Maintainer {
  async function call(method: string, path: string, body: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${apiUrl}/repos/${repository}${path}`, {
      method,
      headers: {
        authorization: `token ${token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }
  return {
    async openIssue(issue) {
      const made = await call('POST', '/issues', issue)
      return { number: Number(made.number), url: String(made.html_url) }
    },
    async makeLabel(name, description) {
      await call('POST', '/labels', { name, description, color: '1f883d' })
    },
    async label(number, name) {
      await call('POST', `/issues/${number}/labels`, { labels: [name] })
    },
    async merge(pullRequest) {
      const merged = await call('PUT', `/pulls/${pullRequest}/merge`, { merge_method: 'squash' })
      return { commit: String(merged.sha) }
    },
  }
}
