import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Keys whose values never reach a log line, at any of the depths that we log. */
const SECRET_KEYS = [
  'token',
  'authorization',
  'key',
  'apiKey',
  'privateKey',
  'webhookSecret',
  'password',
  'secret',
]

/**
 * Makes the process logger: JSON lines to stderr, secrets replaced by their key name.
 * @param level a pino level, or `silent`
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const paths = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`])
  const options = { level, redact: { paths, censor: '[redacted]' }, base: null }
  return pino(options, destination ?? pino.destination(2))
}
