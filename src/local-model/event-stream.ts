import type { ServerResponse } from 'node:http'

/** Server-sent events of one answer; each carries its type as its name, as both providers do it. */
export type EventStream = { send(event: { type: string } & Record<string, unknown>): void; end(): void }

/** Begins the answer; nothing else may have been written to it. */
export function openEventStream(response: ServerResponse): EventStream {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  return {
    send: (event) => {
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    },
    end: () => {
      response.end()
    },
  }
}
