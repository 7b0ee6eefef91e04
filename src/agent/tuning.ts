/** Times of the runner that operators do not set, in milliseconds. Tests shorten them. */
export type Tuning = {
  /** Pauses between reconnects: the first and the longest. */
  reconnectMinMs: number
  reconnectMaxMs: number
  /** Longest wait for `hello` on a new connection. */
  helloMs: number
  /** Our own pings; a connection on which nothing came back for two of them is given up. */
  pingMs: number
  /** Shortest pause between two progress frames of a session. */
  progressMs: number
  /** How often the usage file is looked at. */
  usagePollMs: number
  /** From SIGTERM to SIGKILL. */
  graceMs: number
  /** From a stop request (or the wall clock) to the end of saving; the server allows 30 s in all. */
  saveMs: number
  /** Longest wait for the server to answer the last reports when the runner stops. */
  farewellMs: number
  /** Pauses before a fetch or push is tried again after a network error. */
  gitRetryMs: readonly number[]
}

export const DEFAULT_TUNING: Tuning = {
  reconnectMinMs: 500,
  reconnectMaxMs: 30_000,
  helloMs: 10_000,
  pingMs: 20_000,
  progressMs: 1_000,
  usagePollMs: 500,
  graceMs: 10_000,
  saveMs: 23_000,
  farewellMs: 5_000,
  gitRetryMs: [1_000, 3_000],
}
