import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'

import { startJob } from '../../jobs/control.ts'
import { askAll, type BulkAction } from '../../jobs/control/bulk.ts'
import { forkWorker, kill, openTestEngine, owner, until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { createRelayTables, shardName } from '../support/relay-kind.ts'
import { seeded } from '../support/seeded.ts'

const actions = ['PAUSE', 'CANCEL', 'RESUME', 'RETRY', 'DELETE'] as const
/** It goes on for longer where an action has found nothing to change yet. */
const raceMs = 4_000
const jobsAtFirst = 16
const steps = 6
/** Jobs of this many shards are the ones that are deleted, by their title. */
const doomed = 2
const kept = 3

test('bulk actions by filter that race each other and the workers leave every job sound', async () => {
  const { db, url } = await testDatabase()
  await createRelayTables(db)
  const engine = await openTestEngine(url, db)
  onTestFinished(() => engine.close())
  for (let i = 0; i < 2; i++) {
    const worker = await forkWorker({ url, slots: 10 })
    onTestFinished(() => kill(worker))
  }
  const start = async (shards: number) => {
    const input = { shards, steps, rowsPerStep: 2, stepMs: 40, letterEvery: 0, failing: ['-1'] }
    return (await startJob(engine, { kind: 'relay', input, owner })).jobId
  }
  const doomedJobs = { text: `${doomed} shards` }
  const random = seeded(7)
  const one = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!
  const changed: Partial<Record<BulkAction, number>> = {}
  const ask = async (action: BulkAction, filter = {}) => {
    const count = await askAll(engine, owner, filter, action)
    changed[action] = (changed[action] ?? 0) + count
  }
  for (let i = 0; i < jobsAtFirst; i++) await start(i % 4 === 0 ? doomed : kept)

  const began = Date.now()
  const isOver = () => {
    const ms = Date.now() - began
    return ms > raceMs && (actions.every((action) => (changed[action] ?? 0) > 0) || ms > 10 * raceMs)
  }
  const during = async (act: () => Promise<unknown>) => {
    while (!isOver()) await act()
  }
  await Promise.all([
    ...[1, 2, 3].map(() =>
      during(async () => {
        const filters = [{}, {}, { states: [one(['RUNNING', 'PAUSED', 'CANCELLED'])] }, { text: `${kept} shards` }]
        await ask(one(['PAUSE', 'CANCEL', 'RESUME', 'RESUME', 'RETRY'] as const), one(filters))
        await sleep(random() * 60)
      }),
    ),
    during(async () => {
      await ask('DELETE', doomedJobs)
      await start(one([doomed, kept]))
      await sleep(300)
    }),
    during(async () => expect(await unsound(db)).toEqual([])),
  ])

  // Each of them may come too early for a job that is on its way to somewhere: it is asked again until nothing is left to ask for.
  await until(
    'all that is kept has completed, with nothing failed',
    async () => {
      await ask('RESUME')
      await ask('RETRY')
      const { rows } = await sql`
      select 1 from jobs where state not in ('COMPLETED', 'DELETED') or (state = 'COMPLETED' and failed > 0) limit 1`.execute(
        db,
      )
      return rows.length === 0
    },
    120_000,
  )
  await until(
    'all that is doomed is gone, rows and all',
    async () => {
      await ask('DELETE', doomedJobs)
      return (
        (await sql`select 1 from jobs where title like ${`${doomed} shards%`} limit 1`.execute(db)).rows.length === 0
      )
    },
    120_000,
  )

  expect(await unsound(db)).toEqual([])
  for (const action of actions) expect(changed[action], `jobs that ${action} has changed`).toBeGreaterThan(0)
  const items = Array.from({ length: kept * steps * 2 }, (_, n) => {
    const shard = Math.floor(n / 2 / steps)
    return `${shardName(shard)}-${Math.floor(n / 2) % steps}-${n % 2}`
  }).sort()
  const { rows: jobs } = await sql<{ counts: number[]; rows: string[] }>`
    select array[total, done, succeeded, results] as counts,
      (select array_agg(r.row order by r.row) from relay_rows r where r.job_id = j.id) as rows from jobs j`.execute(db)
  for (const { counts, rows } of jobs) {
    expect(rows).toEqual(items)
    expect(counts).toEqual(counts.map(() => items.length))
  }
  const { rows: server } = await sql<{ deadlocks: number }>`
    select deadlocks::int from pg_stat_database where datname = current_database()`.execute(db)
  expect(server[0]!.deadlocks).toBe(0)
})

/** Jobs whose counters, shards, rows and events do not agree, whatever state they are in. */
async function unsound(db: Awaited<ReturnType<typeof testDatabase>>['db']) {
  const { rows } = await sql<{ id: number }>`
    select * from (
      select id, state, done = succeeded + failed + skipped as "countsAddUp",
        succeeded = (select count(*) from relay_rows r where r.job_id = j.id) as "rowsAgree",
        failed = (select count(*) from relay_failed f where f.job_id = j.id and not f.open) as "failuresAgree",
        steps = (select coalesce(sum(s.steps), 0) from job_shards s where s.job_id = j.id) as "stepsAgree",
        open_shards = (select count(*) from job_shards s where s.job_id = j.id and s.state <> 'DONE') as "openAgree",
        (select count(*) = j.seq and max(seq) = j.seq from job_events e where e.job_id = j.id) as "gapFree",
        state in ('RUNNING', 'PAUSING', 'CANCELLING', 'PENDING')
          or not exists (select from job_shards s where s.job_id = j.id and s.state = 'RUNNING') as "standsStill"
      from jobs j where state <> 'DELETED') checked
    where not ("countsAddUp" and "rowsAgree" and "failuresAgree" and "stepsAgree" and "openAgree" and "gapFree" and "standsStill")`.execute(
    db,
  )
  return rows
}
