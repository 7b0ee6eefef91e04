import { WebSocket } from 'ws'

/**
 * Cuts a connection on which no `hello` came within `helloMs`, or on which nothing at all came for two pings: a
 * half-open TCP connection looks healthy for many minutes otherwise. Returns what ends the watch.
 */
export function watchLiveness(
  socket: WebSocket,
  limits: { helloMs: number; pingMs: number },
  greeted: () => boolean,
): () => void {
  let heard = true
  const alive = () => {
    heard = true
  }
  socket.on('message', alive).on('ping', alive).on('pong', alive)
  const hello = setTimeout(() => greeted() || socket.terminate(), limits.helloMs)
  const pings = setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return
    if (!heard) return socket.terminate()
    heard = false
    socket.ping()
  }, limits.pingMs)
  return () => {
    clearTimeout(hello)
    clearInterval(pings)
  }
}
