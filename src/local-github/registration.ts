import { createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { AppRegistration } from './context.ts'
import type { Store } from './store/store.ts'

export interface AppKeys {
  /** PEM, PKCS#8. */
  privateKey: string
  publicKey: KeyObject
  webhookSecret: string
}

/** Makes the app's key and secret; a new pair at every start. */
export async function makeKeys(): Promise<AppKeys> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: createPublicKey(privateKey),
    webhookSecret: randomBytes(20).toString('hex'),
  }
}

/** Registers the app: its bot account and an organization that owns it. */
export function registerApp(store: Store, now: Date): AppRegistration {
  const owner = store.users.create('mission-control-authors', 'Organization', now)
  const bot = store.users.create('mission-control[bot]', 'Bot', now)
  const id = store.ids.next()
  return {
    id,
    clientId: `Iv23li${String(id).padStart(14, '0')}`,
    slug: 'mission-control',
    name: 'Mission Control',
    ownerId: owner.id,
    bot,
    createdAt: now,
  }
}
