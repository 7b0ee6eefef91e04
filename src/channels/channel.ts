/** A way to reach an agent. One file per channel; the orchestrator decides what is sent, a channel only carries it. */
export interface Channel {
  readonly name: string
  /** Tells an agent what it is to know now, when this replica holds it; does nothing otherwise. */
  deliver(agentId: number): Promise<void>
  stop(): Promise<void>
}
