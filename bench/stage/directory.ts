import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh directory, removed when the stack is unwound. */
export async function temporaryDirectory(stack: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mission-control-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  // as root PostgreSQL runs under another account, which has to pass through here
  await chmod(directory, 0o711)
  return directory
}
