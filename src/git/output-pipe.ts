import { execFile } from 'node:child_process'
import { closeSync, constants, open } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ownedName } from './mirror-directory.ts'

/** What a program writes, on its way to somebody else, in a few buffers that are used again and again. */
export interface OutputPipe {
  /** The end that the program gets; `release` it when the program has started. */
  readonly fd: number
  release(): void
  /**
   * Hands on all that is written until every holder of the other end has closed it. `write` calls `done` when it needs
   * the bytes no longer; only then they are overwritten and more is read. Answers how much it was.
   */
  copy(write: (bytes: Buffer, done: () => void) => void): Promise<number>
}

const BUFFER_BYTES = 64 * 1024
const BUFFERS = 4

const openFile = promisify(open)
const execute = promisify(execFile)

/**
 * Opens a pipe whose reader owns its buffers. Node's own `child.stdout` makes a new one for every 64 KB; those count as
 * heap, and clearing them away took the server longer than passing them on. A pipe with a name, for a moment, because
 * Node has no other way to make one. Call `copy` in any case: it closes the reader's end.
 * @param path where `mkfifo` is looked up
 */
export async function openOutputPipe(directory: string, path: string): Promise<OutputPipe> {
  const name = join(directory, ownedName('new'))
  await execute('mkfifo', ['-m', '600', name], { env: { PATH: path }, cwd: '/' })
  try {
    // Without O_NONBLOCK opening waits for a writer.
    const reader = await openFile(name, constants.O_RDONLY | constants.O_NONBLOCK)
    const fd = await openFile(name, constants.O_WRONLY)
    return { fd, release: () => closeSync(fd), copy: (write) => copyAll(reader, write) }
  } finally {
    await rm(name)
  }
}

function copyAll(fd: number, write: (bytes: Buffer, done: () => void) => void): Promise<number> {
  const free = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(BUFFER_BYTES))
  let size = 0
  return new Promise((resolve, reject) => {
    /** Called once at first and then after each read, for the next one: one buffer is always left for it. */
    const buffer = (): Uint8Array<ArrayBuffer> => {
      const next = free.pop()
      if (next === undefined) throw new Error('a pipe reads although no buffer is free')
      return next
    }
    const callback = (count: number, bytes: Uint8Array): boolean => {
      const used = bytes as Buffer<ArrayBuffer>
      size += count
      write(used.subarray(0, count), () => {
        free.push(used)
        socket.resume()
      })
      return free.length > 1
    }
    const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } })
    socket.once('error', reject)
    socket.once('close', () => resolve(size))
  })
}
