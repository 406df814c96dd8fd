import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import pg from 'pg'
import { afterAll, expect, inject, onTestFinished, TestRunner } from 'vitest'

import { type Database, openDatabase } from '../../db/database.ts'
import { templateDatabase, testDatabasePrefix } from './global-setup.ts'
import { testBlobFolder } from './test-folders.ts'

export interface TestDatabase extends Database {
  url: string
}

/**
 * A fresh migrated database with an empty queue. Call it at the top of a test file (it is closed after its last test) or in a test
 * (closed with it); in a hook, return its close. Closing drops it, and fails where a connection to it was left open.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const { testPath } = expect.getState()
  const name = `${testDatabasePrefix}${basename(testPath ?? '', '.test.ts').replaceAll(/\W/g, '_')}_${randomBytes(4).toString('hex')}`
  const server = await serverUrl()
  await createFromTemplate(server, name)
  const url = withDatabase(server, name)
  const database = openDatabase(url, { applicationName: 'test' })
  let closed: Promise<void> | undefined
  const close = () => (closed ??= closeAndDrop(server, name, database))
  const closeUnlessClosed = () => (closed ? undefined : close())
  if (TestRunner.getCurrentTest() === undefined) afterAll(closeUnlessClosed)
  else onTestFinished(closeUnlessClosed)
  return { ...database, url, close }
}

async function serverUrl(): Promise<string> {
  const response = await fetch(inject('postgresDoor'))
  const text = await response.text()
  if (!response.ok) throw new Error(`the test run's Postgres did not start: ${text}`)
  return text
}

async function createFromTemplate(server: string, name: string): Promise<void> {
  await onServer(server, async (client) => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await client.query(`create database ${name} template ${templateDatabase} strategy file_copy`)
      } catch (error) {
        // an autovacuum worker may be at work in the template
        const objectInUse = '55006'
        if (!(error instanceof pg.DatabaseError) || error.code !== objectInUse || attempt === 5) throw error
      }
    }
  })
}

async function closeAndDrop(server: string, name: string, database: Database): Promise<void> {
  const ended = await Promise.race([database.close().then(() => true), delay(3000, false, { ref: false })])
  await rm(testBlobFolder(name), { recursive: true, force: true })
  const left = await onServer(server, async (client) => {
    const connections = ended
      ? await connectionsLeft(client, name)
      : ['a client of its own pool that was never released']
    await client.query(`drop database if exists ${name} with (force)`)
    return connections
  })
  if (left.length > 0) throw new Error(`connections to ${name} were left open:\n${left.join('\n')}`)
}

/** Waits a moment: a server process lives a little longer than its client's end of the connection. */
async function connectionsLeft(client: pg.Client, name: string): Promise<string[]> {
  const until = Date.now() + 2000
  for (;;) {
    const { rows } = await client.query<{ application_name: string; state: string; query: string }>(
      `select application_name, state, query from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    )
    if (rows.length === 0 || Date.now() > until) {
      return rows.map((row) => `${row.application_name || '(no application_name)'}, ${row.state}, last: ${row.query}`)
    }
    await delay(10)
  }
}

async function onServer<T>(server: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = name
  return url.href
}
