import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pg from 'pg'
import type { TestProject } from 'vitest/node'

import { type Embedded, startEmbedded } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'
import { testFolderPrefix } from './test-folders.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Ask here for the URL of the run's Postgres. */
    postgresDoor: string
  }
}

/** A migrated database that nobody connects to: each test's database is a copy of it. */
export const templateDatabase = 'migrated'

/** Names of the tests' databases begin so. */
export const testDatabasePrefix = 'test_'

/**
 * One Postgres for the whole run, started when the first test asks for a database, since most tests need none. It runs in this
 * process's care: it ends with it, and a database that a test left behind fails the run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeRemains()
  let postgres: Promise<Embedded & { dataDir: string }> | undefined
  const door = createServer((_request, response) => {
    postgres ??= start()
    postgres.then(
      ({ url }) => response.end(url),
      (error: Error) => response.writeHead(500).end(error.stack),
    )
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  project.provide('postgresDoor', `http://127.0.0.1:${(door.address() as AddressInfo).port}/`)
  return async () => {
    door.close()
    door.closeAllConnections()
    const started = await postgres?.catch(() => undefined)
    if (!started) return
    try {
      await refuseLeftovers(started.url)
    } finally {
      await started.stop()
      await rm(started.dataDir, { recursive: true, force: true })
    }
  }
}

async function start(): Promise<Embedded & { dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), testFolderPrefix))
  try {
    const embedded = await startEmbedded({ dataDir, durable: false })
    const client = new pg.Client({ connectionString: embedded.url })
    await client.connect()
    await client.query(`create database ${templateDatabase}`)
    await client.end()
    const url = new URL(embedded.url)
    url.pathname = templateDatabase
    await migrate(url.href)
    return { ...embedded, dataDir }
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true })
    throw error
  }
}

async function refuseLeftovers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database where starts_with(datname, $1)`,
    [testDatabasePrefix],
  )
  await client.end()
  if (rows.length > 0) throw new Error(`test databases were not closed: ${rows.map((row) => row.name).join(', ')}`)
}

/** Directories of runs that were killed; their servers ended with them. */
async function removeRemains(): Promise<void> {
  const dayAgo = Date.now() - 86_400_000
  for (const entry of await readdir(tmpdir())) {
    if (!entry.startsWith(testFolderPrefix)) continue
    const path = join(tmpdir(), entry)
    const found = await stat(path).catch(() => undefined)
    if (found && found.mtimeMs < dayAgo) await rm(path, { recursive: true, force: true }).catch(() => {}) // another user's
  }
}
