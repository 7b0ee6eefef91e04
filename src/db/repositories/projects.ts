import type { Insertable, Kysely, Selectable, Transaction, Updateable } from 'kysely'
import type { Database, InstallationsTable, ProjectsTable } from '../schema.ts'

export type Project = Selectable<ProjectsTable>
export type Installation = Selectable<InstallationsTable>
export type ProjectChanges = Omit<Updateable<ProjectsTable>, 'id' | 'githubId'>

export async function findProject(db: Kysely<Database>, id: number): Promise<Project | undefined> {
  return db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirst()
}

/** The project of a repository, by GitHub's numeric id: names change. */
export async function findProjectByRepository(
  db: Kysely<Database>,
  githubId: number,
): Promise<Project | undefined> {
  return db.selectFrom('projects').selectAll().where('githubId', '=', githubId).executeTakeFirst()
}

/** The project that has this name now; the newest when an old one was replaced. */
export async function findProjectByName(
  db: Kysely<Database>,
  owner: string,
  name: string,
): Promise<Project | undefined> {
  return db
    .selectFrom('projects')
    .selectAll()
    .where((eb) => eb(eb.fn('lower', ['ownerLogin']), '=', owner.toLowerCase()))
    .where((eb) => eb(eb.fn('lower', ['name']), '=', name.toLowerCase()))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** Locks a project against other claims (not against rows that refer to it). */
export async function lockProject(trx: Transaction<Database>, id: number): Promise<Project | undefined> {
  return trx.selectFrom('projects').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
}

/** Makes the project of a repository, or answers the one that exists. */
export async function ensureProject(
  trx: Transaction<Database>,
  project: Insertable<ProjectsTable>,
): Promise<Project> {
  const made = await trx
    .insertInto('projects')
    .values(project)
    .onConflict((conflict) => conflict.column('githubId').doNothing())
    .returningAll()
    .executeTakeFirst()
  if (made) return made
  return trx
    .selectFrom('projects')
    .selectAll()
    .where('githubId', '=', project.githubId)
    .executeTakeFirstOrThrow()
}

export async function updateProject(
  trx: Transaction<Database>,
  id: number,
  changes: ProjectChanges,
): Promise<Project> {
  return trx
    .updateTable('projects')
    .set(changes)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function projectsOfInstallation(
  db: Kysely<Database>,
  installationId: number,
): Promise<Project[]> {
  return db.selectFrom('projects').selectAll().where('installationId', '=', installationId).execute()
}

/** Projects that have had work: those whose base was read. */
export async function projectsWithMirrors(db: Kysely<Database>): Promise<number[]> {
  const rows = await db.selectFrom('projects').select('id').where('baseSha', 'is not', null).execute()
  return rows.map((row) => row.id)
}

/** Writes what is known of an installation. Writes nothing when it is known already: every event comes by here. */
export async function saveInstallation(
  trx: Transaction<Database>,
  installation: { id: number; accountId: number; accountLogin: string },
): Promise<void> {
  const known = await findInstallation(trx, installation.id)
  const { accountId, accountLogin } = installation
  if (known?.accountId === accountId && known.accountLogin === accountLogin) return
  await trx
    .insertInto('installations')
    .values(installation)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({
        accountId: installation.accountId,
        accountLogin: installation.accountLogin,
      }),
    )
    .execute()
}

async function findInstallation(db: Kysely<Database>, id: number): Promise<Installation | undefined> {
  return db.selectFrom('installations').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function markInstallation(
  trx: Transaction<Database>,
  id: number,
  changes: { suspendedAt?: Date | null; removedAt?: Date | null },
): Promise<void> {
  await trx.updateTable('installations').set(changes).where('id', '=', id).execute()
}

/** Until when GitHub asked us to leave an installation alone. */
export async function installationBlockedUntil(db: Kysely<Database>, id: number): Promise<Date | null> {
  const row = await db
    .selectFrom('installations')
    .select('blockedUntil')
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.blockedUntil ?? null
}

export async function blockInstallation(db: Kysely<Database>, id: number, until: Date): Promise<void> {
  await db
    .updateTable('installations')
    .set((eb) => ({
      blockedUntil: eb.fn<Date>('greatest', [eb.fn.coalesce('blockedUntil', eb.val(until)), eb.val(until)]),
    }))
    .where('id', '=', id)
    .execute()
}
