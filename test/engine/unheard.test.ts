import { randomUUID } from 'node:crypto'

import { sql } from 'kysely'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'

import { shardQueue } from '../../db/queue.ts'
import type { ShardMessage } from '../../jobs/queue.ts'
import { jobEnds, sound, soundness, stateOf, until } from '../support/engine.ts'
import { startPostgresProxy } from '../support/postgres-proxy.ts'
import { relayBench } from '../support/relay-bench.ts'

const { db, url, engine, workers, work, start, rowsOf } = await relayBench()
const proxy = await startPostgresProxy(url)
afterAll(() => proxy.close())

const shardsOf = async (jobId: number) => {
  const { rows } = await sql<{ running: number; epochs: number; crashes: number; steps: number }>`
    select count(*) filter (where state = 'RUNNING')::int as running, sum(epoch)::int as epochs, sum(crashes)::int as crashes,
      sum(steps)::int as steps from job_shards where job_id = ${jobId}`.execute(db)
  return rows[0]!
}
const someRun = (jobId: number) => until('shards run', async () => (await shardsOf(jobId)).running > 5)
const endsSound = async (jobId: number, rows: number) => {
  await jobEnds(db, jobId)
  expect(await soundness(db, jobId)).toEqual(sound)
  const written = await rowsOf(jobId)
  expect(written).toEqual([...new Set(written)])
  expect(written).toHaveLength(rows)
}
/** Sends what the live messages of a job say once more, changed. */
const sendAgain = async (jobId: number, change: (message: ShardMessage) => ShardMessage) => {
  const { rows } = await sql<{ data: ShardMessage }>`
    select data from pgboss.job where name = ${shardQueue} and state = 'active' and data->>'jobId' = ${String(jobId)}`.execute(
    db,
  )
  const ids = rows.map(() => randomUUID())
  await engine.boss.insert(
    shardQueue,
    rows.map(({ data }, i) => ({ id: ids[i]!, data: change(data) })),
  )
  return async () => {
    const { rows: left } = await sql`
      select 1 from pgboss.job where id = any(${ids}::uuid[]) and state < 'active'`.execute(db)
    return left.length === 0
  }
}

describe('a worker that does not hear', () => {
  it('whether its steps were committed stores none of them twice', async () => {
    await work(1, { by: proxy.url })
    const jobId = await start({ shards: 10, steps: 80, rowsPerStep: 2, stepMs: 20, letterEvery: 0 })
    for (let losses = 0; losses < 5; losses++) {
      await someRun(jobId)
      await proxy.loseReplyTo('insert into relay_rows')
    }
    await endsSound(jobId, 10 * 80 * 2)
  })

  it('whether it has claimed shards gives them back, and no item is to blame', async () => {
    const lost = proxy.loseReplyTo('update job_shards s set epoch = epoch + 1')
    await work(1, { by: proxy.url })
    const jobId = await start({ shards: 5, steps: 2, rowsPerStep: 2, letterEvery: 0 })
    await lost
    // Until its first step is stored, a crash would stand in the row.
    let crashes = 0
    await until('it goes on', async () => {
      const shards = await shardsOf(jobId)
      crashes = Math.max(crashes, shards.crashes)
      return shards.epochs > 1
    })
    expect(crashes).toBe(0)
    await endsSound(jobId, 5 * 2 * 2)
  })

  it('that its shards were taken over, as it was frozen, stores nothing when it wakes up', async () => {
    await work(1, { by: proxy.url })
    // They do not hear their signal either, and are not done before the other worker is there.
    const jobId = await start({ shards: 9, steps: 40, rowsPerStep: 2, stepMs: 300, letterEvery: 0, deafEvery: 1 })
    await someRun(jobId)
    await work(1)
    const [frozen] = workers
    frozen!.kill('SIGSTOP')
    expect(proxy.deafen()).toBe(1)
    const { steps } = await shardsOf(jobId)
    await until('others go on', async () => (await shardsOf(jobId)).steps > steps + 9, 60_000)
    frozen!.kill('SIGCONT')
    await endsSound(jobId, 9 * 40 * 2)
  })

  it('anything in the middle of a transaction holds the others up for seconds only', async () => {
    await work(1, { by: proxy.url })
    const jobId = await start({ shards: 9, steps: 12, rowsPerStep: 2, stepMs: 50, letterEvery: 0 })
    await someRun(jobId)
    await proxy.holdCommitOf('insert into job_groups')
    await work(1)
    await endsSound(jobId, 9 * 12 * 2)
  })

  it('anything any more, nor is heard of, as its machine is gone, leaves others all its work and no lock', async () => {
    const gone = await startPostgresProxy(url)
    onTestFinished(() => gone.close())
    await work(1, { by: gone.url })
    const jobId = await start({ shards: 9, steps: 40, rowsPerStep: 2, stepMs: 100, letterEvery: 0 })
    await someRun(jobId)
    // In the middle of a transaction, which has locked the job.
    await gone.holdCommitOf('insert into job_groups')
    gone.vanish()
    await work(1)
    await endsSound(jobId, 9 * 40 * 2)
    await until('it is forgotten, and its lock is free', async () => {
      const { rows } = await sql<{ workers: number; locks: number }>`
        select (select count(*)::int from workers) as workers, (select count(*)::int from pg_locks where locktype = 'advisory' and classid = 4711
          and database = (select oid from pg_database where datname = current_database())) as locks`.execute(db)
      return rows[0]!.workers === 1 && rows[0]!.locks === 1
    })
  })

  it('that it was taken for dead claims nothing more under its old name', async () => {
    await work(1, { by: proxy.url })
    await work(1)
    const jobId = await start({ shards: 60, steps: 4, rowsPerStep: 2, stepMs: 100, letterEvery: 0 })
    await someRun(jobId)
    expect(proxy.deafen()).toBe(1)
    const nobodys = async () => {
      const { rows } = await sql<{ key: string }>`
        select key from job_shards s where job_id = ${jobId} and state = 'RUNNING'
          and not exists (select 1 from workers w where w.id = s.worker_id)`.execute(db)
      return rows
    }
    await until('it ends', async () => {
      expect(await nobodys()).toEqual([])
      return (await stateOf(db, jobId)) === 'COMPLETED'
    })
    await endsSound(jobId, 60 * 4 * 2)
  })
})

describe('a message', () => {
  it('that comes twice hands its shard over, and the older run stores nothing more', async () => {
    await work(2)
    const jobId = await start({ shards: 9, steps: 12, rowsPerStep: 2, stepMs: 200, letterEvery: 0, deafEvery: 1 })
    await someRun(jobId)
    const fetched = await sendAgain(jobId, (message) => message)
    await until('they are fetched', fetched)
    await endsSound(jobId, 9 * 12 * 2)
  })

  it('that is older than its shard takes it from nobody', async () => {
    await work(2)
    const jobId = await start({ shards: 9, steps: 12, rowsPerStep: 2, stepMs: 200, letterEvery: 0 })
    await until('all shards run', async () => (await shardsOf(jobId)).epochs === 10)
    const fetched = await sendAgain(jobId, (message) => ({ ...message, activation: message.activation - 1 }))
    await until('they are fetched', fetched)
    await endsSound(jobId, 9 * 12 * 2)
    expect((await shardsOf(jobId)).epochs).toBe(10)
  })
})
