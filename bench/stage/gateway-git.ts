import { spawn } from 'node:child_process'

const ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
}

/** Runs git as a person's machine would and answers its output. Throws with git's words when it fails. */
export function git(
  stack: AsyncDisposableStack,
  cwd: string,
  args: readonly string[],
  feed?: AsyncIterable<Buffer | string>,
): Promise<string> {
  if (stack.disposed) return Promise.reject(new Error('the case has ended'))
  const child = spawn('git', args, { cwd, env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4_000)
  })
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(out.trim())
      else reject(new Error(`git ${args[0]} failed (${code}): ${errors}`))
    })
  })
  // its exit code says why it stopped reading
  child.stdin.on('error', () => {})
  pour(child.stdin, feed ?? []).catch((error: unknown) => child.stdin.destroy(error as Error))
  return ended
}

async function pour(stdin: NodeJS.WritableStream, feed: AsyncIterable<Buffer | string> | []): Promise<void> {
  for await (const piece of feed) {
    if (!stdin.write(piece)) await new Promise((resolve) => stdin.once('drain', resolve))
  }
  stdin.end()
}

/** Milliseconds that some work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
