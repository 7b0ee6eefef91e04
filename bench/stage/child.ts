import { type ChildProcess, fork } from 'node:child_process'

/** Functions of a child process as its parent calls them. */
export type Remote<Api> = {
  [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never
}

interface Call {
  id: number
  method: string
  args: unknown[]
}
type Reply = { id: number; ok: true; value: unknown } | { id: number; ok: false; error: string }

const STOP = 'stop'
const STOP_MS = 15_000
const STDERR_KEPT = 4_000

/**
 * Starts a script in a process of its own, so that its event loop and ours do not wait for each other, and answers
 * with its functions. The process is ended when the stack is unwound. Throws what the script could not start for.
 */
export async function startChild<Api extends object>(
  stack: AsyncDisposableStack,
  script: URL,
  input: object,
  execArgv: string[] = [],
): Promise<Remote<Api>> {
  if (stack.disposed) throw new Error('the case has ended')
  const child = fork(script, {
    execArgv,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const call = caller(child)
  stack.defer(() => stop(child, call))
  await call('start', [input])
  return new Proxy({} as Remote<Api>, {
    get: (_, method) =>
      // a promise resolves to this object: it must not look like one itself
      method === 'then' ? undefined : (...args: unknown[]) => call(String(method), args),
  })
}

type Caller = (method: string, args: unknown[]) => Promise<unknown>

function caller(child: ChildProcess): Caller {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let last = 0
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-STDERR_KEPT)
  })
  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (reply.ok) call?.resolve(reply.value)
    else call?.reject(new Error(`${reply.error}\n${errors}`))
  })
  child.on('exit', (code, signal) => {
    for (const call of waiting.values())
      call.reject(new Error(`the process ended (${signal ?? code}): ${errors}`))
    waiting.clear()
  })
  return (method, args) => {
    if (!child.connected) return Promise.reject(new Error(`the process has ended: ${errors}`))
    last += 1
    const call = Promise.withResolvers<unknown>()
    waiting.set(last, call)
    child.send({ id: last, method, args } satisfies Call)
    return call.promise
  }
}

async function stop(child: ChildProcess, call: Caller): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await call(STOP, []).catch((error: unknown) => console.error('a process of the case did not stop:', error))
  if (child.connected) child.disconnect()
  await ended
  clearTimeout(timer)
}

/** In the child: starts with what the parent gave, then answers its calls until it says stop or is gone. */
export function serveParent<Input, Api extends object>(
  start: (input: Input) => Promise<{ api: Api; stop(): Promise<void> }>,
): void {
  let starting: ReturnType<typeof start> | null = null
  const stop = async (): Promise<void> => {
    // asked in the middle of its start, it comes up first: half a start cannot be undone
    const started = await starting?.catch(() => null)
    await started?.stop()
  }
  const answer = async ({ method, args }: Call): Promise<unknown> => {
    if (method === 'start') {
      starting = start(args[0] as Input)
      await starting
      return undefined
    }
    if (method === STOP) return stop()
    const called = (await starting)?.api[method as keyof Api]
    if (typeof called !== 'function') throw new Error(`there is no function ${method}`)
    return called(...args)
  }
  process.on('message', (call: Call) => {
    answer(call).then(
      (value) => process.send?.({ id: call.id, ok: true, value } satisfies Reply),
      (error: unknown) => process.send?.({ id: call.id, ok: false, error: String(error) } satisfies Reply),
    )
  })
  // the terminal sends Ctrl-C to everybody: the parent decides when we end
  process.on('SIGINT', () => {})
  process.on('disconnect', () => {
    stop().finally(() => process.exit())
  })
}
