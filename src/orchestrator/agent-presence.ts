import { refreshAgentStatus, updateAgent } from '../db/repositories/agents.ts'
import {
  type Connection,
  deleteConnection,
  deleteFadedConnections,
  saveConnection,
} from '../db/repositories/connections.ts'
import { CHANNELS, inTransaction, type Orchestrator } from './orchestrator.ts'

/** An agent is reachable by a channel of this replica: it may get work now. */
export async function agentConnected(orchestrator: Orchestrator, connection: Connection): Promise<void> {
  await inTransaction(orchestrator, 'agent-connected', async (unit) => {
    await saveConnection(unit.trx, connection)
    await updateAgent(unit.trx, connection.agentId, { lastHeartbeatAt: unit.now })
    await refreshAgentStatus(unit.trx, connection.agentId)
    await unit.enqueue('dispatch', { agentId: connection.agentId })
    // a replica that still holds an older connection of the agent lets go of it
    unit.notifyAfter(CHANNELS.assignment, connection.agentId)
  })
}

/** The agent's connection ended. Its sessions live on until their leases end: it may come back. */
export async function agentDisconnected(orchestrator: Orchestrator, connection: Connection): Promise<void> {
  await inTransaction(orchestrator, 'agent-disconnected', async (unit) => {
    await deleteConnection(unit.trx, connection)
    await refreshAgentStatus(unit.trx, connection.agentId)
  })
}

/** Forgets the connections of replicas that died: nobody renews them. */
export async function forgetFadedConnections(orchestrator: Orchestrator): Promise<void> {
  await inTransaction(orchestrator, 'forget-faded-connections', async (unit) => {
    const agents = await deleteFadedConnections(unit.trx)
    for (const id of agents.sort((a, b) => a - b)) await refreshAgentStatus(unit.trx, id)
  })
}
