import { sql } from 'kysely'
import { afterEach, expect, it } from 'vitest'

import { cancelJob } from '../../jobs/control.ts'
import { jobEnds, owner, sound, soundness, stateOf, until } from '../support/engine.ts'
import { relayBench } from '../support/relay-bench.ts'

const { db, engine, work, start, count } = await relayBench({ letterEvery: 0, rowsPerStep: 1 })
afterEach(async () => {
  // What the next test starts shall not share slots with what this one left.
  const open = await db.selectFrom('jobs').select('id').where('finished_at', 'is', null).execute()
  for (const { id } of open) await cancelJob(engine, id, owner)
})

const messages = async (jobId: number) => {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from pgboss.job where name = 'shards' and state < 'completed' and group_id = ${String(jobId)}`.execute(
    db,
  )
  return rows[0]!.n
}

it('a small job beside a big one is done while the big one has hardly begun, and takes no more slots than it uses', async () => {
  await work(2)
  // Each shard of the big one runs for minutes: it has all slots, and its next messages are in the queue before the small one's.
  const big = await start({ shards: 20_000, steps: 600, stepMs: 300 })
  await until('the big one has all slots', async () => (await count(big, 'RUNNING')) === 20, 120_000)
  for (let i = 0; i < 3; i++) {
    const small = await start({ shards: 1, steps: 3 })
    await jobEnds(db, small, 5_000)
    expect(await soundness(db, small)).toEqual(sound)
  }
  expect(await count(big, 'DONE')).toBeLessThanOrEqual(1)
  const long = await start({ shards: 1, steps: 600, stepMs: 300 })
  await until('both share', async () => (await count(long, 'RUNNING')) === 1 && (await count(big, 'RUNNING')) === 19)
})

it('small jobs beside two big ones get their turns, and the big ones share the rest', async () => {
  await work(2)
  const big = [
    await start({ shards: 2_000, steps: 600, stepMs: 100 }),
    await start({ shards: 2_000, steps: 600, stepMs: 100 }),
  ]
  await until(
    'slots are shared',
    async () => (await count(big[0]!, 'RUNNING')) === 10 && (await count(big[1]!, 'RUNNING')) === 10,
    60_000,
  )
  const small = await Promise.all(Array.from({ length: 6 }, () => start({ shards: 2, steps: 3 })))
  await Promise.all(small.map((jobId) => jobEnds(db, jobId)))
  for (const jobId of small) expect(await soundness(db, jobId)).toEqual(sound)
  for (const jobId of big) expect(await stateOf(db, jobId)).toBe('RUNNING')
})

it('thousands of shards that wait hold no slot and no message, and swamp nobody when all are due at once', async () => {
  await work(2)
  const shards = 2_500
  const waiting = await start({ shards, steps: 1, laterMs: 3_600_000 })
  await until('all wait', async () => (await count(waiting, 'WAITING')) === shards, 120_000)
  expect(await count(waiting, 'RUNNING', 'QUEUED', 'NEW')).toBe(0)
  expect(await messages(waiting)).toBe(0)
  const beside = await start({ shards: 2, steps: 3 })
  await jobEnds(db, beside, 30_000)
  expect(await count(waiting, 'WAITING')).toBe(shards)

  await sql`update job_shards set wait_until = now() where job_id = ${waiting} and state = 'WAITING'`.execute(db)
  await until('they wake', async () => (await count(waiting, 'DONE')) > 0)
  const during = await start({ shards: 2, steps: 3 })
  let most = 0
  await until('the small one ends', async () => {
    most = Math.max(most, await messages(waiting))
    return (await stateOf(db, during)) === 'COMPLETED'
  })
  expect(await count(waiting, 'DONE')).toBeLessThan(shards)
  // A portion of each worker's that looked at the same time may come on top.
  expect(most).toBeLessThanOrEqual(2_000)
  await jobEnds(db, waiting, 120_000)
  expect(await soundness(db, waiting)).toEqual(sound)
})

it('of fewer shards than slots each worker gets some', async () => {
  await work(2)
  const job = await start({ shards: 8, steps: 600, stepMs: 100 })
  await until('all run', async () => (await count(job, 'RUNNING')) === 8)
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from job_shards where job_id = ${job} and state = 'RUNNING' group by worker_id`.execute(
    db,
  )
  // An even share where both look at once; who is late finds what was left for a quarter of a second.
  expect(rows).toHaveLength(2)
  expect(Math.min(...rows.map(({ n }) => n))).toBeGreaterThanOrEqual(2)
})
