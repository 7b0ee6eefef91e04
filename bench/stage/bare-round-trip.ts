import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { BareApi } from './bare-process.ts'
import { startChild } from './child.ts'

/** About the size of GitHub's `issues.labeled`. */
const PAYLOAD = JSON.stringify({ filler: 'x'.repeat(10_000) })

/** How long a webhook needs to a socket with nothing between them, in milliseconds, `count` times. */
export async function bareRoundTrips(stack: AsyncDisposableStack, count: number): Promise<number[]> {
  const bare = await startChild<BareApi>(stack, new URL('./bare-process.ts', import.meta.url), {})
  const port = await bare.port()
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  stack.defer(() => socket.terminate())
  await once(socket, 'open')
  const samples: number[] = []
  for (let sent = 0; sent < count; sent += 1) {
    const arrived = once(socket, 'message')
    const start = performance.now()
    const answered = fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: PAYLOAD })
    await arrived
    samples.push(performance.now() - start)
    await (await answered).text()
  }
  return samples
}
