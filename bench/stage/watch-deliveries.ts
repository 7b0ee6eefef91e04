import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'

/** Milliseconds of a clock that all processes of this machine share. */
export const machineNow = (): number => Number(process.hrtime.bigint()) / 1e6

/** When each delivery was answered and when its handler began, in milliseconds of `machineNow`. */
export interface DeliveryTimes {
  answered: ReadonlyMap<string, number>
  started: ReadonlyMap<string, number>
}

/** Watches the answers of this process as Node itself reports them: nothing of the server is changed for it. */
export function watchDeliveries() {
  let answered = new Map<string, number>()
  let started = new Map<string, number>()
  // https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#built-in-channels
  subscribe('http.server.response.finish', (message) => {
    const { request } = message as { request: IncomingMessage }
    answered.set(String(request.headers['x-github-delivery']), machineNow())
  })
  return {
    start: (id: string): void => void started.set(id, machineNow()),
    /** All times since the last call. */
    take(): DeliveryTimes {
      const times = { answered, started }
      answered = new Map()
      started = new Map()
      return times
    },
  }
}
