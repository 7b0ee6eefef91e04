import { matchOperation } from '../../src/local-github/openapi/description.ts'
import { type RunningProxy, startProxy } from './proxy.ts'
import type { Observation } from './shape.ts'

/** A proxy before a GitHub's API that notes what was answered. */
export interface Recorder extends RunningProxy {
  observations: Observation[]
}

function callerOf(authorization: string | undefined): string {
  if (!authorization) return 'nobody'
  if (/^bearer eyJ/i.test(authorization)) return 'app'
  return /^\w+ ghs_/i.test(authorization) ? 'installation' : 'person'
}

function operationOf(method: string, path: string): string {
  const match = matchOperation(method, path.replace(/\?.*$/, ''))
  if (match.kind === 'unknown') return `${method} ${path}`
  return match.kind === 'emulated' ? match.operation.id : match.id
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text === '' ? null : `text of ${text.length} characters`
  }
}

export async function startRecorder(apiUrl: string): Promise<Recorder> {
  const observations: Observation[] = []
  const proxy = await startProxy(apiUrl, ({ authorization, headers, method, path, status, text }) => {
    const what = `${operationOf(method, path)} as ${callerOf(authorization)}`
    observations.push({ what, status, headers, body: parsed(text) })
    return text
  })
  return { ...proxy, observations }
}
