import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'

import { deletedJobs, removeRowsOf, tablesOfJobs, uncheckedTables } from '../../db/job-removal.ts'
import { deleteJob } from '../../jobs/control.ts'
import { deleteOld, removeDeleted } from '../../jobs/control/removal.ts'
import { forkWorker, kill, openTestEngine, owner, stateOf, until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { createRelayTables } from '../support/relay-kind.ts'
import { addAddresses, addJob, addPages } from '../support/rows.ts'

const { db, url } = await testDatabase()
await createRelayTables(db)

async function openEngine() {
  const engine = await openTestEngine(url, db)
  onTestFinished(() => engine.close())
  return engine
}

/** Rows of a job in all tables that hold some. */
async function rowsOf(jobId: number): Promise<number> {
  let count = 0
  for (const { table, column } of await tablesOfJobs(db)) {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from ${sql.table(table)} where ${sql.ref(column)} = ${jobId}`.execute(db)
    count += rows[0]!.n
  }
  return count
}

async function addFullJob(pages: number, state = 'COMPLETED'): Promise<number> {
  const jobId = await addJob(db, { owner, state })
  const source = ['https://example.com/1', 'https://example.com/2']
  await addAddresses(db, jobId, { seq: 1, groupId: jobId }, [{ address: 'ann@example.com', sources: source }])
  await addPages(
    db,
    jobId,
    Array.from({ length: pages }, (_, i) => ({ url: `https://example.com/${i}` })),
  )
  await sql`insert into job_events (job_id, seq, type) select ${jobId}, i, 'note' from generate_series(1, ${pages}) i`.execute(
    db,
  )
  await sql`insert into relay_rows (job_id, row) select ${jobId}, i::text from generate_series(1, ${pages}) i`.execute(
    db,
  )
  return jobId
}

/** What was paid for or found out about an address holds when the job that asked is gone. */
const outliving = ['service_batches', 'service_calls', 'verdict_history', 'verdicts']

test('every table that names a job and goes with it has an index for it and, but for the largest, a foreign key to jobs', async () => {
  const { rows: named } = await sql<{ table: string }>`
    select c.oid::regclass::text as table from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname = 'job_id'
      and c.relname <> all(${outliving}::text[]) order by 1`.execute(db)
  expect((await tablesOfJobs(db)).map(({ table }) => table)).toEqual(named.map(({ table }) => table))
  const { rows: indexed } = await sql<{ table: string }>`
    select distinct c.conrelid::regclass::text as table from pg_constraint c
    join pg_index i on i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1] and i.indpred is null
    where c.contype = 'f' and c.confrelid = 'jobs'::regclass and c.confdeltype = 'c'
    union select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'job_id'
    join pg_index i on i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indpred is null where c.relname = any(${uncheckedTables}::text[])
    order by 1`.execute(db)
  expect(indexed).toEqual(named)
})

test('a deleted job is gone at once, and its rows in portions, although the worker is killed on the way', async () => {
  const engine = await openEngine()
  const [large, kept] = [await addFullJob(60_000), await addFullJob(20)]
  await deleteJob(engine, large, owner)
  expect(await stateOf(db, large)).toBe('DELETED')
  const all = await rowsOf(large)
  for (let kills = 0; kills < 3; kills++) {
    const before = await rowsOf(large)
    const worker = await forkWorker({ url, slots: 1 })
    await until('some rows are gone', async () => (await rowsOf(large)) < before)
    await kill(worker)
  }
  const left = await rowsOf(large)
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThan(all)
  const worker = await forkWorker({ url, slots: 1 })
  onTestFinished(() => kill(worker))
  await until('it is gone', async () => (await stateOf(db, large)) === 'gone')
  expect(await rowsOf(large)).toBe(0)
  expect(await rowsOf(kept)).toBe(20 * 3 + 4)
  expect(await stateOf(db, kept)).toBe('COMPLETED')
})

test('workers do not remove side by side, and what comes late goes with the job', async () => {
  const engine = await openEngine()
  const jobId = await addFullJob(10)
  await deleteJob(engine, jobId, owner)
  await db.transaction().execute(async (trx) => {
    expect(await removeRowsOf(trx, await deletedJobs(trx), 15)).toBe(true)
    expect(await removeDeleted(engine)).toBe(false)
  })
  const left = await rowsOf(jobId)
  expect(left).toBe(10 * 3 + 4 - 15)
  expect(await removeDeleted(engine)).toBe(true)
  expect(await removeDeleted(engine)).toBe(false)
  expect([await rowsOf(jobId), await stateOf(db, jobId)]).toEqual([0, 'gone'])
})

test('old jobs that have ended are deleted, of whomever, and no other', async () => {
  const engine = await openEngine()
  const add = async (state: string, daysAgo: number, of = owner) => {
    const id = await addJob(db, { state, owner: of })
    await sql`update jobs set finished_at = now() - ${daysAgo} * interval '1 day' where id = ${id}`.execute(db)
    return id
  }
  const old = [
    await add('COMPLETED', 31),
    await add('FAILED', 31),
    await add('CANCELLED', 31),
    await add('FAILED', 90, 'other'),
  ]
  const others = [await add('COMPLETED', 29), await add('PAUSED', 90), await add('RUNNING', 90)]
  expect(await deleteOld(engine, { owner, days: 30 })).toBe(3)
  expect(await deleteOld(engine, { owner: undefined, days: 30 })).toBe(1)
  for (const id of old) expect(await stateOf(db, id)).toBe('DELETED')
  for (const id of others) expect(await stateOf(db, id)).not.toBe('DELETED')

  const worker = await forkWorker({ url, slots: 1, retentionDays: 28 })
  onTestFinished(() => kill(worker))
  await until(
    'the worker has deleted what is older than it is told',
    async () => (await stateOf(db, others[0]!)) === 'gone',
  )
  expect(await stateOf(db, others[1]!)).toBe('PAUSED')
})
