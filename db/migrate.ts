import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import pg from 'pg'
import { PgBoss } from 'pg-boss'

import { endsWithPeer } from './database.ts'
import { queueSchema, shardQueue, shardQueueOptions } from './queue.ts'

export interface Migration {
  /** File name without the ending; the order of names is the order of running. */
  name: string
  sql: string
}

/** A migration that was applied and does not match its file any more, or whose file is gone. */
export class MigrationMismatch extends Error {
  override name = 'MigrationMismatch'
  readonly code = 'MIGRATION_MISMATCH'
}

/**
 * Brings the database at url up to date: our tables, then pg-boss's schema with the queue of shards. Resolves to the names of the
 * migrations that were applied now. Each runs in a transaction of its own, recorded with it. Several processes may call it at
 * once: one works, the others wait for it and find nothing left to do.
 */
export async function migrate(url: string, migrations?: Migration[]): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations())
  const client = new pg.Client({
    connectionString: url,
    application_name: 'mailquarry migrate',
    options: endsWithPeer,
    keepAlive: true,
  })
  client.on('error', () => {}) // the statement under way rejects with the same
  await client.connect()
  try {
    // Held by the session, so that it goes with the process, and spans the transactions and pg-boss's own connection. Advisory
    // locks are per database: two of them on one server do not wait for each other.
    await client.query(`select pg_advisory_lock(hashtextextended('mailquarry.migrate', 0))`)
    const applied = await applyMigrations(client, wanted)
    await installQueue(url)
    return applied
  } finally {
    await client.end()
  }
}

/** The migrations that come with the program, in order. */
export async function readMigrations(directory = join(import.meta.dirname, 'migrations')): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort()
  return Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.sql'.length),
      // a checkout with CRLF is the same migration
      sql: (await readFile(join(directory, file), 'utf8')).replaceAll('\r\n', '\n'),
    })),
  )
}

async function applyMigrations(client: pg.Client, migrations: Migration[]): Promise<string[]> {
  await client.query(`set client_min_messages = warning`)
  // asked first, since "if not exists" too needs a right that a role may lose once all is made
  const { rows: found } = await client.query<{ exists: boolean }>(
    `select to_regclass('public.migrations') is not null as exists`,
  )
  if (!found[0]!.exists) {
    await client.query(`
      create table public.migrations (
        name text primary key,
        sha256 text not null,
        applied_at timestamptz not null default now()
      )`)
  }
  const { rows } = await client.query<{ name: string; sha256: string }>(
    `select name, sha256 from migrations order by name collate "C"`,
  )
  refuseMismatch(migrations, rows)
  const done = new Set(rows.map((row) => row.name))
  const pending = migrations.filter((migration) => !done.has(migration.name))
  for (const migration of pending) await applyOne(client, migration)
  return pending.map((migration) => migration.name)
}

function refuseMismatch(migrations: Migration[], applied: { name: string; sha256: string }[]): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const { name, sha256: recorded } of applied) {
    const migration = known.get(name)
    if (!migration) {
      throw new MigrationMismatch(
        `The database has migration ${name}, which this version of the program does not know: it was made by a newer one. Start that version.`,
      )
    }
    if (sha256(migration.sql) !== recorded) {
      throw new MigrationMismatch(
        `Migration ${name} was changed after it had been applied to this database. Restore the file and put the change into a new migration.`,
      )
    }
  }
  const last = applied.at(-1)?.name
  const late = migrations.find(
    (migration) => last !== undefined && migration.name < last && !applied.some(({ name }) => name === migration.name),
  )
  if (late) {
    throw new MigrationMismatch(
      `Migration ${late.name} comes before ${last}, which is already applied. Give it a later number.`,
    )
  }
}

async function applyOne(client: pg.Client, { name, sql }: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(sql)
    await client.query(`insert into migrations (name, sha256) values ($1, $2)`, [name, sha256(sql)])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Error(`migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** pg-boss's tables and our queue; options that changed since are brought up to date. The caller holds the lock. */
async function installQueue(url: string): Promise<void> {
  const boss = new PgBoss({
    connectionString: url,
    schema: queueSchema,
    migrate: true,
    supervise: false,
    schedule: false,
    max: 1,
  })
  boss.on('error', () => {}) // the call under way rejects with the same
  await boss.start()
  try {
    await boss.createQueue(shardQueue, { policy: 'standard', notify: false, ...shardQueueOptions })
    await boss.updateQueue(shardQueue, shardQueueOptions)
  } finally {
    await boss.stop({ graceful: false })
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
