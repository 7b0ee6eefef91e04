import type { Logger } from '../runtime/logger.ts'
import { type AgentOptions, readAgentConfig } from './config.ts'
import { startRunner } from './runner.ts'

const EX_CONFIG = 78

/** Where signals come from: `process`, or a stand-in. */
export type Signals = {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

/**
 * `mission-control agent`: runs until it is stopped and answers with the exit status. The first SIGINT or SIGTERM
 * lets sessions save their work, the second kills them.
 */
export async function runAgent(
  options: AgentOptions,
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
  signals: Signals = process,
): Promise<number> {
  const read = readAgentConfig(options, env)
  if (!read.ok) {
    for (const { name, expected } of read.problems) logger.fatal(`${name}: expected ${expected}`)
    return EX_CONFIG
  }
  const runner = await startRunner(read.config, logger)
  const interrupt = () => void runner.stop('SIGINT')
  const terminate = () => void runner.stop('SIGTERM')
  signals.on('SIGINT', interrupt)
  signals.on('SIGTERM', terminate)
  try {
    const end = await runner.stopped
    if (end.exitCode === 0) logger.info(end.message)
    else logger.fatal({ code: end.code }, end.message)
    return end.exitCode
  } finally {
    signals.off('SIGINT', interrupt)
    signals.off('SIGTERM', terminate)
  }
}
