import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { FLUSH, pktLine } from '../../git/pkt-line.ts'
import type { Git } from '../../git/run.ts'
import { exitOf, stopProcess } from '../../git/run.ts'
import { NO_CACHE, startResult } from './answer.ts'
import { readBody } from './body.ts'
import { protocolOf } from './request.ts'

/** Branches only. Any commit of the mirror may be asked for by its id: it holds nothing but what GitHub shows. */
const CONFIG: readonly (readonly [string, string])[] = [
  ['transfer.hideRefs', 'refs/'],
  ['transfer.hideRefs', '!refs/heads/'],
  ['uploadpack.allowFilter', 'true'],
  // A branch may move between the two requests of a fetch.
  ['uploadpack.allowAnySHA1InWant', 'true'],
]

/** Answers what a fetch begins with: the branches, or what protocol v2 says instead. */
export async function advertiseFetch(git: Git, gitDir: string, req: IncomingMessage, res: ServerResponse) {
  const version = protocolOf(req)
  res.writeHead(200, { ...NO_CACHE, 'content-type': 'application/x-git-upload-pack-advertisement' })
  if (version !== 'version=2') res.write(Buffer.concat([pktLine('# service=git-upload-pack\n'), FLUSH]))
  await uploadPack(git, gitDir, ['--advertise-refs'], req, res, null)
}

/** Answers one round of a fetch, in constant memory. Ends git when the client goes away. */
export async function serveFetch(
  git: Git,
  gitDir: string,
  req: IncomingMessage,
  res: ServerResponse,
  maxBytes: number,
): Promise<void> {
  const body = readBody(req, maxBytes)
  startResult(res, 'git-upload-pack')
  await uploadPack(git, gitDir, [], req, res, body)
}

async function uploadPack(
  git: Git,
  gitDir: string,
  flags: string[],
  req: IncomingMessage,
  res: ServerResponse,
  body: AsyncIterable<Buffer> | null,
): Promise<void> {
  const version = protocolOf(req)
  const env = version === null ? {} : { GIT_PROTOCOL: version }
  const { child, output } = await git.startPiped(
    ['upload-pack', '--stateless-rpc', '--strict', ...flags, gitDir],
    { env, config: CONFIG, directory: dirname(gitDir) },
  )
  const stop = () => stopProcess(child)
  res.once('close', stop)
  // The close event of a client that left while git was started has passed already.
  if (res.destroyed) stop()
  child.stderr.resume()
  const exit = exitOf(child)
  try {
    const input = feed(body ?? [], child.stdin)
    const copied = output.copy((bytes, done) => res.write(bytes, () => done()))
    const [code, sent] = await Promise.all([exit, copied, input])
    if (code !== 0 && sent === 0) res.write(pktLine('ERR Mission Control could not read the repository'))
    res.end()
  } finally {
    res.off('close', stop)
    stop()
    await exit.catch(() => undefined)
  }
}

/** git may answer and leave before it has read everything; that is not the client's fault. */
async function feed(body: AsyncIterable<Buffer> | Buffer[], stdin: NodeJS.WritableStream): Promise<void> {
  try {
    await pipeline(body, stdin)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}
