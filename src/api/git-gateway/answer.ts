import type { ServerResponse } from 'node:http'
import { FLUSH, pktLine, sideband } from '../../git/pkt-line.ts'
import type { ReceiveHeader } from '../../git/receive-header.ts'
import type { GitService } from './request.ts'

export const NO_CACHE = { 'cache-control': 'no-cache, max-age=0, must-revalidate', pragma: 'no-cache' }

const KEEP_ALIVE_MS = 5000

/** Answers with a sentence. git prints text/plain bodies of errors behind `remote: `. */
export function say(
  res: ServerResponse,
  status: number,
  sentence: string,
  headers: Record<string, string> = {},
): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const body = `${sentence}\n`
  const type = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) }
  res.writeHead(status, { ...NO_CACHE, ...type, ...headers }).end(body)
}

export function startResult(res: ServerResponse, service: GitService): void {
  res.writeHead(200, { ...NO_CACHE, 'content-type': `application/x-${service}-result` })
}

/** What became of a push. `sentences` are printed by the client's git behind `remote: `. */
export type PushAnswer =
  | { ok: true; sentences?: string[] }
  | { ok: false; reason: string; sentences: string[] }

/** The answer to one push. It begins once the pack was read, and shows signs of life until the outcome is known. */
export interface PushReply {
  begin(): void
  end(answer: PushAnswer): void
}

export function pushReply(res: ServerResponse, header: ReceiveHeader): PushReply {
  const banded = header.capabilities.includes('side-band-64k')
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    if (res.headersSent || res.destroyed) return
    startResult(res, 'git-receive-pack')
    if (!banded) return
    // An empty packet on the data channel, as git's own receive-pack sends while it is busy.
    timer = setInterval(() => res.write('0005\x01'), KEEP_ALIVE_MS)
    res.once('close', () => clearInterval(timer))
  }
  return {
    begin,
    end: (answer) => {
      begin()
      clearInterval(timer)
      if (!res.destroyed) res.end(encode(header, answer, banded))
    },
  }
}

/** https://git-scm.com/docs/pack-protocol#_report_status */
function encode(header: ReceiveHeader, answer: PushAnswer, banded: boolean): Buffer {
  const status = (ref: string) => (answer.ok ? `ok ${ref}\n` : `ng ${ref} ${oneLine(answer.reason)}\n`)
  const lines = header.commands.map(({ ref }) => pktLine(status(ref)))
  const report = header.capabilities.includes('report-status')
    ? Buffer.concat([pktLine('unpack ok\n'), ...lines, FLUSH])
    : Buffer.alloc(0)
  if (!banded) return report
  const text = (answer.sentences ?? []).map((sentence) => `Mission Control: ${oneLine(sentence)}\n`).join('')
  return Buffer.concat([sideband(2, Buffer.from(text)), sideband(1, report), FLUSH])
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 1000)
}
