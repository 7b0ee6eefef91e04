import { refreshAgentStatus, updateAgent } from '../db/repositories/agents.ts'
import { deleteConnection, saveConnection } from '../db/repositories/connections.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** An agent is reachable by a channel of this replica: it may get work now. */
export async function agentConnected(
  orchestrator: Orchestrator,
  connection: { agentId: number; channel: string; replicaId: string },
): Promise<void> {
  await inTransaction(orchestrator, async (unit) => {
    await saveConnection(unit.trx, connection)
    await updateAgent(unit.trx, connection.agentId, { lastHeartbeatAt: unit.now })
    await refreshAgentStatus(unit.trx, connection.agentId)
    await unit.enqueue('dispatch', { agentId: connection.agentId })
  })
}

/** The agent's connection ended. Its sessions live on until their leases end: it may come back. */
export async function agentDisconnected(
  orchestrator: Orchestrator,
  connection: { agentId: number; channel: string; replicaId: string },
): Promise<void> {
  await inTransaction(orchestrator, async (unit) => {
    await deleteConnection(unit.trx, connection)
    await refreshAgentStatus(unit.trx, connection.agentId)
  })
}
