import type { Kysely } from 'kysely'
import { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'

import type { Blobs } from '../db/blobs.ts'
import { type CopyOut, openCopyOut } from '../db/copy-out.ts'
import { endsWithPeer } from '../db/database.ts'
import type { SecretKey } from '../db/secrets.ts'
import type { DB } from '../db/types.ts'
import type { Settings } from './job-kind.ts'
import { createNotices, type Notices } from './notices.ts'

/** What control and workers stand on. */
export interface Engine {
  db: Kysely<DB>
  boss: PgBoss
  notices: Notices
  blobs: Blobs
  /** Whole results at once; opens no connection before it is used. */
  copyOut: CopyOut
  /** Undefined: no secrets can be stored or read. */
  secretKey: SecretKey | undefined
  settings: Settings
  log: Logger
  close(): Promise<void>
}

/**
 * Opens the queue over a migrated database. `supervise`: this process also returns the messages of hung workers to the queue.
 */
export async function openEngine(options: {
  url: string
  db: Kysely<DB>
  blobs: Blobs
  secretKey: SecretKey | undefined
  settings: Settings
  log: Logger
  supervise: boolean
}): Promise<Engine> {
  const { url, db, blobs, secretKey, settings, log, supervise } = options
  const boss = new PgBoss({
    connectionString: url,
    application_name: 'mailquarry queue',
    options: endsWithPeer,
    schema: 'pgboss',
    migrate: false,
    schedule: false,
    supervise,
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
    max: 2,
  })
  boss.on('error', (error) => log.warn({ err: error }, 'queue'))
  await boss.start()
  const notices = createNotices(db, (error) =>
    log.warn({ err: error }, 'a notice could not be sent; readers will poll'),
  )
  const copyOut = openCopyOut(url, db)
  return {
    db,
    boss,
    notices,
    blobs,
    copyOut,
    secretKey,
    settings,
    log,
    async close() {
      await notices.close()
      await copyOut.close()
      await boss.stop({ graceful: false, close: true })
    },
  }
}
