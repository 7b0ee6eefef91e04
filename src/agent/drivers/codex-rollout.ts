import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { TokenUsage } from '../../protocol/usage.ts'
import { CodexUsage, codexTokens } from './codex-transcript.ts'

/** What codex notes while it works: its output tells tokens at the end only, and never when an allowance is renewed. */
type Rollout = { tokens: TokenUsage | null; resetsAt: number | null }

type RolloutWatch = {
  /** What stands there now. */
  look(): Promise<Rollout>
  stop(): void
}

const Window = z.looseObject({ used_percent: z.number(), resets_at: z.number().nullish() }).nullish()
const Note = z.looseObject({
  type: z.literal('event_msg'),
  payload: z.looseObject({
    type: z.literal('token_count'),
    info: z.looseObject({ total_token_usage: CodexUsage }).nullish(),
    rate_limits: z.looseObject({ primary: Window, secondary: Window }).nullish(),
  }),
})

const SPENT_PERCENT = 100
const CHUNK_BYTES = 1024 * 1024

/**
 * Follows the rollout file that codex keeps below CODEX_HOME. The file is codex's own affair: when it is missing or has
 * another form, nothing is known from it, and what the output tells stands alone.
 */
export function watchRollout(
  home: string,
  pollMs: number,
  onTokens: (tokens: TokenUsage) => void,
): RolloutWatch {
  const known: Rollout = { tokens: null, resetsAt: null }
  const follow = createFollower(home)
  let looking = Promise.resolve()
  let stopped = false
  let timer = setTimeout(poll, pollMs)

  async function read(): Promise<void> {
    for (const line of await follow()) {
      const note = readNote(line)
      if (note?.tokens) known.tokens = note.tokens
      if (note) known.resetsAt = note.resetsAt
    }
  }

  /** One look after the other: they share the place up to which the file was read. */
  async function look(): Promise<Rollout> {
    const mine = looking.then(read)
    looking = mine.catch(() => undefined)
    await mine
    return known
  }

  async function poll(): Promise<void> {
    const before = known.tokens
    const { tokens } = await look()
    if (stopped) return
    if (tokens !== null && tokens !== before) onTokens(tokens)
    timer = setTimeout(poll, pollMs)
  }

  return {
    look,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

function readNote(line: string): Rollout | null {
  // Most lines are messages, and long: they are not parsed.
  if (!line.includes('"token_count"')) return null
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return null
  }
  const note = Note.safeParse(json)
  if (!note.success) return null
  const { info, rate_limits: limits } = note.data.payload
  const spent = [limits?.primary, limits?.secondary].flatMap((window) =>
    window && window.used_percent >= SPENT_PERCENT && window.resets_at ? [window.resets_at] : [],
  )
  return {
    tokens: info ? codexTokens(info.total_token_usage) : null,
    resetsAt: spent.length === 0 ? null : Math.max(...spent),
  }
}

/** Answers, at each call, the whole lines that were added since the last one; there is one file per thread. */
function createFollower(home: string): () => Promise<string[]> {
  let path: string | null = null
  let offset = 0
  let partial: Buffer = Buffer.alloc(0)
  return async () => {
    path ??= await findRollout(join(home, 'sessions'))
    if (path === null) return []
    const file = await open(path, 'r')
    try {
      for (;;) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset)
        offset += bytesRead
        partial = Buffer.concat([partial, buffer.subarray(0, bytesRead)])
        if (bytesRead < CHUNK_BYTES) break
      }
    } finally {
      await file.close()
    }
    const end = partial.lastIndexOf(10) + 1
    const lines = partial.subarray(0, end).toString('utf8').split('\n')
    partial = partial.subarray(end)
    return lines
  }
}

async function findRollout(directory: string): Promise<string | null> {
  const names = await readdir(directory, { recursive: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  const name = names.find((found) => /(^|\/)rollout-[^/]+\.jsonl$/.test(found))
  return name === undefined ? null : join(directory, name)
}
