/** A request of any protocol, as far as the script needs it. */
export type Conversation = {
  model: string
  stream: boolean
  /** All that the user said, without what tools answered. */
  user: string
  /** How many answers of the model are in it. */
  answers: number
  tools: readonly Tool[]
}

/** What the client offers. */
export type Tool = { name: string; namespace: string | null }

/** A tool that the model calls. */
export type Call = { name: string; namespace: string | null } & ({ input: object } | { text: string })

/** What the model answers; null for a tool when it calls none. */
export type Answer = { text: string; call: Call | null }
