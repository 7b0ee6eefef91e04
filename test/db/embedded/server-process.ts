// Starts an embedded server on the directory in its first argument, says so in a line of JSON, and
// lets go of the server when its input ends.
import { text } from 'node:stream/consumers'
import { startEmbeddedPostgres } from '../../../src/db/embedded/embedded-postgres.ts'

const server = await startEmbeddedPostgres({ dataDir: String(process.argv[2]), settings: { fsync: 'off' } })
console.log(JSON.stringify({ url: server.url, reused: server.reused }))
await text(process.stdin)
await server.stop()
