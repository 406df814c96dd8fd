import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { enter } from '../../jobs/presence.ts'
import { openTestEngine, until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'

const { db, url } = await testDatabase()

test('a worker whose entry goes wrong half way has one connection in the end, and is there when that one dies too', async () => {
  const engine = await openTestEngine(url, db)
  const presence = await enter({ engine, url, slots: 5, wake() {}, stop() {}, lost() {} })
  const connections = async () => {
    const { rows } = await sql<{ pid: number }>`
      select pid from pg_stat_activity where datname = current_database() and application_name = ${`mailquarry worker ${process.pid}`}`.execute(
      db,
    )
    return rows.map(({ pid }) => pid)
  }
  const entered = async () => (await sql<{ id: string }>`select id from workers`.execute(db)).rows.map(({ id }) => id)
  const cut = async () => {
    for (const pid of await connections()) await sql`select pg_terminate_backend(${pid})`.execute(db)
  }
  const first = presence.id()

  // It can enter, but not take over from itself.
  await sql`alter table job_shards rename to job_shards_away`.execute(db)
  await cut()
  await until('it has entered anew', async () => presence.here() && presence.id() !== first)
  const second = presence.id()
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  expect(await connections()).toHaveLength(1)
  expect(presence.id()).toBe(second)
  await sql`alter table job_shards_away rename to job_shards`.execute(db)
  await until('it has taken over', async () => (await entered()).join() === second)

  // It cannot enter at all for a while: no connection is left open by the attempts.
  await sql`alter table workers rename to workers_away`.execute(db)
  await cut()
  await until('it is gone', async () => !presence.here())
  await new Promise((resolve) => setTimeout(resolve, 1_700))
  expect((await connections()).length).toBeLessThanOrEqual(1)
  await sql`alter table workers_away rename to workers`.execute(db)
  await until('it is there again', async () => presence.here() && (await entered()).join() === presence.id())
  expect(await connections()).toHaveLength(1)
  await presence.leave()
  await engine.close()
})
