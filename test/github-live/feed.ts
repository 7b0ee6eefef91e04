import { createHmac } from 'node:crypto'
import type { Call, Json } from './caller.ts'
import type { Observation } from './shape.ts'

export interface FeedOptions {
  /** The app; its log of deliveries is read. */
  app: Call
  repositoryId: number
  /** Where the server takes webhooks, and the secret that it knows. */
  webhookUrl: string
  secret: string
  pollMs: number
  observations: Observation[]
}

/** Stands in for GitHub's way to the server, which it has not: what GitHub tried to deliver is read and delivered. */
export interface Feed {
  /** What went wrong while it ran; empty when nothing. */
  stop(): Promise<unknown[]>
}

const listed = '/app/hook/deliveries?per_page=100'

interface Item {
  id: number
  guid: string
  event: string
  action: string | null
  repository_id: number | null
}

/** Waits, but not beyond the end. */
async function pause(milliseconds: number, end: AbortSignal): Promise<void> {
  if (end.aborted) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    end.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Starts with the deliveries that come from now on. The payload is signed anew: GitHub's log has no bytes of it. */
export async function startFeed(options: FeedOptions): Promise<Feed> {
  const { app, observations, pollMs, repositoryId, secret, webhookUrl } = options
  const list = async () => (await app('GET', listed)) as unknown as Item[]
  const seen = new Set((await list()).map(({ guid }) => guid))
  const failures: unknown[] = []
  const ending = new AbortController()

  const deliver = async ({ id, guid, event, action }: Item): Promise<void> => {
    const { request } = await app('GET', `/app/hook/deliveries/${id}`)
    const { payload } = request as { payload: Json }
    observations.push({
      what: `webhook ${[event, action].filter(Boolean).join('.')}`,
      status: null,
      headers: {},
      body: payload,
    })
    const body = JSON.stringify(payload)
    const answer = await fetch(webhookUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': event,
        'x-github-delivery': guid,
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      },
      body,
    })
    if (!answer.ok) throw new Error(`the server answered ${answer.status} to ${event} ${guid}`)
  }
  const run = async (): Promise<void> => {
    for (let last = false; !last; ) {
      // what happened before the end is still read after it
      last = ending.signal.aborted
      try {
        const fresh = (await list()).filter(
          ({ guid, repository_id }) => !seen.has(guid) && repository_id === repositoryId,
        )
        for (const item of fresh.reverse()) {
          seen.add(item.guid)
          await deliver(item)
        }
      } catch (error) {
        failures.push(error)
      }
      if (!last) await pause(pollMs, ending.signal)
    }
  }
  const running = run()
  return {
    async stop() {
      ending.abort()
      await running
      return failures
    },
  }
}
