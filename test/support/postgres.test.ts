import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'

import { shardQueue } from '../../db/queue.ts'
import { testDatabase } from './postgres.ts'

const ofFile = await testDatabase()
let ofHook: Awaited<ReturnType<typeof testDatabase>>
beforeAll(async () => {
  ofHook = await testDatabase()
  return ofHook.close
})

test('each database is one of its own, migrated, with an empty queue', async () => {
  const ofTest = await testDatabase()
  await ofTest.pool.query(`insert into addresses (address, domain) values ('a@example.com', 'example.com')`)
  for (const { db } of [ofFile, ofHook]) {
    expect(await db.selectFrom('addresses').selectAll().execute()).toEqual([])
  }
  expect((await ofTest.pool.query(`select name from pgboss.queue where name = '${shardQueue}'`)).rows).toHaveLength(1)
  expect((await ofTest.pool.query(`select count(*) as jobs from pgboss.job`)).rows).toEqual([{ jobs: 0 }])
})

test('closing drops the database', async () => {
  const { url, close } = await testDatabase()
  await close()
  const name = new URL(url).pathname.slice(1)
  expect((await ofFile.pool.query(`select from pg_database where datname = $1`, [name])).rowCount).toBe(0)
})

test('closing fails where a connection was left open', async () => {
  const { url, close } = await testDatabase()
  const leak = new pg.Client({ connectionString: url, application_name: 'the leak' })
  const lost = new Promise((resolve) => leak.on('error', resolve))
  await leak.connect()
  await leak.query('select 42')
  await expect(close()).rejects.toThrow(/were left open:\nthe leak, idle, last: select 42/)
  await lost // it was thrown out, so that the database could go
})

test('closing fails where a client of its pool was not released', async () => {
  const { pool, close } = await testDatabase()
  const client = await pool.connect()
  await expect(close()).rejects.toThrow('never released')
  client.release(true)
})
