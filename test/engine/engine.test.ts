import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'

import { cancelJob, deleteJob, pauseJob, resumeJob, startJob } from '../../jobs/control.ts'
import { IdempotencyMismatch, InvalidTransition, NotFound, ValidationError } from '../../jobs/refusals.ts'
import { jobEnds, kill, owner, sound, soundness, stateOf, until } from '../support/engine.ts'
import { relayBench } from '../support/relay-bench.ts'

const { db, engine, workers, work, start, rowsOf, count } = await relayBench()
const running = (jobId: number) => count(jobId, 'RUNNING')

describe('a job', () => {
  it('runs every step of every shard once and ends once', async () => {
    await work(2)
    const jobId = await start({ shards: 40, steps: 5, failing: ['-2-3'] })
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
    const { failed, results } = await db
      .selectFrom('jobs')
      .select(['failed', 'results'])
      .where('id', '=', jobId)
      .executeTakeFirstOrThrow()
    expect(failed).toBe(40)
    expect(await rowsOf(jobId)).toHaveLength(results)
  })

  it('of several thousand shards is fed to the queue in portions and ends', async () => {
    await work(1, { slots: 40 })
    const jobId = await start({ shards: 4_000, steps: 1, rowsPerStep: 1, letterEvery: 0 })
    let most = 0
    await until(
      'the job ends',
      async () => {
        const { rows } = await sql<{ n: number }>`
          select count(*)::int as n from pgboss.job where name = 'shards' and state < 'completed' and data->>'jobId' = ${String(jobId)}`.execute(
          db,
        )
        most = Math.max(most, rows[0]!.n)
        return (await stateOf(db, jobId)) === 'COMPLETED'
      },
      90_000,
    )
    expect(await soundness(db, jobId)).toEqual(sound)
    expect(await rowsOf(jobId)).toHaveLength(4_000)
    // 1,000 by refilling, and what the first step sends at once
    expect(most).toBeLessThanOrEqual(1_500)
  })

  it('waits without a slot when its shards say later', async () => {
    await work(1, { slots: 2 })
    const jobId = await start({ shards: 60, steps: 1, laterMs: 8_000, letterEvery: 0 })
    await until('all shards wait', async () => {
      const { rows } = await sql<{
        n: number
      }>`select count(*)::int as n from job_shards where job_id = ${jobId} and state = 'WAITING'`.execute(db)
      return rows[0]!.n === 60
    })
    const small = await start({ shards: 2, steps: 1 })
    await jobEnds(db, small, 5_000)
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
  })
})

describe('control', () => {
  it('pauses, keeps what was committed, and resumes to the same rows', async () => {
    const input = { shards: 30, steps: 20, stepMs: 40 }
    await work(2)
    const undisturbed = await start({ ...input, stepMs: 0 })
    await jobEnds(db, undisturbed)
    const jobId = await start(input)
    for (let round = 0; round < 3; round++) {
      await until('shards run', async () => (await running(jobId)) > 5)
      await pauseJob(engine, jobId, owner)
      await until('it is paused', async () => (await stateOf(db, jobId)) === 'PAUSED', 2_000)
      expect(await running(jobId)).toBe(0)
      const before = await rowsOf(jobId)
      await new Promise((resolve) => setTimeout(resolve, 150))
      expect(await rowsOf(jobId)).toEqual(before)
      await resumeJob(engine, jobId, owner)
    }
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
    expect(await rowsOf(jobId)).toEqual(await rowsOf(undisturbed))
  })

  it('reaches a handler in the middle of a step that takes ten minutes', async () => {
    await work(1)
    const jobId = await start({ shards: 2, steps: 1, stepMs: 600_000, letterEvery: 0 })
    await until('both run', async () => (await count(jobId, 'DONE')) === 1 && (await running(jobId)) === 2)
    await pauseJob(engine, jobId, owner)
    await until('it is paused', async () => (await stateOf(db, jobId)) === 'PAUSED')
    let tookMs = 0
    const rounds = 12
    for (let round = 0; round < rounds; round++) {
      await resumeJob(engine, jobId, owner)
      await until('both run', async () => (await running(jobId)) === 2)
      const from = performance.now()
      await (round % 2 ? pauseJob : cancelJob)(engine, jobId, owner)
      await until('it has stopped', async () => (await stateOf(db, jobId)).endsWith('ED'))
      tookMs += performance.now() - from
    }
    // Mending, which finds by itself that a job is to stop, takes half a second on average.
    expect(tookMs / rounds).toBeLessThan(350)
  })

  it('stops a job although who asked for it died before telling anybody', async () => {
    await work(1)
    const jobId = await start({ shards: 2, steps: 1, stepMs: 600_000, letterEvery: 0 })
    await until('both run', async () => (await count(jobId, 'DONE')) === 1 && (await running(jobId)) === 2)
    await sql`update jobs set state = 'CANCELLING' where id = ${jobId}`.execute(db)
    await until('it is cancelled', async () => (await stateOf(db, jobId)) === 'CANCELLED')
  })

  it('cancels, resumes after that, and deletes with all rows', async () => {
    await work(1)
    const jobId = await start({ shards: 20, steps: 20, stepMs: 20 })
    await until('shards run', async () => (await running(jobId)) > 3)
    await cancelJob(engine, jobId, owner)
    await cancelJob(engine, jobId, owner)
    await until('it is cancelled', async () => (await stateOf(db, jobId)) === 'CANCELLED', 2_000)
    await resumeJob(engine, jobId, owner)
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
    await deleteJob(engine, jobId, owner)
    await until('its rows are gone', async () => (await stateOf(db, jobId)) === 'gone')
    expect(await rowsOf(jobId)).toEqual([])
    await expect(deleteJob(engine, jobId, owner)).rejects.toThrow(NotFound)
  })

  it('pauses and resumes a job that nobody has begun', async () => {
    const jobId = await start({ shards: 3, steps: 1 })
    await pauseJob(engine, jobId, owner)
    expect(await stateOf(db, jobId)).toBe('PAUSED')
    await resumeJob(engine, jobId, owner)
    await work(1)
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
  })

  it('refuses what is impossible and names what is allowed', async () => {
    await work(1)
    const jobId = await start({ shards: 1, steps: 1 })
    await expect(deleteJob(engine, jobId, owner)).rejects.toThrow(InvalidTransition)
    await jobEnds(db, jobId)
    await expect(pauseJob(engine, jobId, owner)).rejects.toMatchObject({
      from: 'COMPLETED',
      attempted: 'PAUSE',
      allowed: ['DELETE', 'CLONE'],
    })
    await expect(pauseJob(engine, jobId, 'somebody else')).rejects.toThrow(NotFound)
  })

  it('starts one job for one idempotency key', async () => {
    const job = { kind: 'relay', input: { shards: 1, steps: 1 }, owner, idempotencyKey: 'key-1' }
    const both = await Promise.all([startJob(engine, job), startJob(engine, job)])
    expect(both[0].jobId).toBe(both[1].jobId)
    expect(both.filter((one) => one.replayed)).toHaveLength(1)
    await expect(startJob(engine, { ...job, input: { shards: 2, steps: 1 } })).rejects.toThrow(IdempotencyMismatch)
    await expect(start({ shards: 0, steps: 'x' })).rejects.toSatisfy(
      (error) =>
        error instanceof ValidationError &&
        error.issues.map((issue) => issue.path.join('.')).join(' ') === 'shards steps',
    )
  })
})

describe('a worker', () => {
  it('that is killed loses at most its uncommitted steps, and its shards go on elsewhere at once', async () => {
    const input = { shards: 40, steps: 45, rowsPerStep: 1, stepMs: 50 }
    await work(2)
    const undisturbed = await start({ ...input, stepMs: 0 })
    await jobEnds(db, undisturbed)
    const jobId = await start(input)
    for (let kills = 0; kills < 3; kills++) {
      await until('both run shards', async () => (await running(jobId)) > 10)
      const victim = workers.shift()!
      await kill(victim)
      await work(1)
    }
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
    expect(await rowsOf(jobId)).toEqual(await rowsOf(undisturbed))
    const { rows } = await sql<{
      epochs: number
      crashes: number
    }>`select sum(epoch - 1)::int as epochs, sum(crashes)::int as crashes from job_shards where job_id = ${jobId}`.execute(
      db,
    )
    expect(rows[0]!.epochs).toBeGreaterThan(10)
    // A step behind a crash clears it, but one that a shard had no step to make after.
    expect(rows[0]!.crashes).toBeLessThan(5)
  })

  it('that is asked to end hands its shards back and nothing counts as a failure', async () => {
    await work(1)
    const jobId = await start({ shards: 10, steps: 30, stepMs: 20 })
    await until('shards run', async () => (await running(jobId)) > 5)
    await kill(workers.shift()!, 'SIGTERM')
    expect(await running(jobId)).toBe(0)
    const { rows } = await sql<{
      n: number
    }>`select sum(crashes + attempts)::int as n from job_shards where job_id = ${jobId}`.execute(db)
    expect(rows[0]!.n).toBe(0)
    await work(1)
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
  })

  it('keeps the messages of what it runs, so that nobody takes it for hung', async () => {
    await work(1)
    const jobId = await start({ shards: 1, steps: 1, stepMs: 600_000 })
    const heartbeat = async () => {
      const { rows } = await sql<{ at: Date | null }>`
        select heartbeat_on as at from pgboss.job where state = 'active' and data->>'shardKey' = 's000000' and data->>'jobId' = ${String(jobId)}`.execute(
        db,
      )
      return rows[0]?.at?.getTime() ?? 0
    }
    await until('it runs', async () => (await heartbeat()) > 0)
    const first = await heartbeat()
    await until('its message is renewed', async () => (await heartbeat()) > first, 9_000)
  })

  it('gives up one item that throws each time, and goes on', async () => {
    await work(1)
    const jobId = await start({ shards: 3, steps: 3, letterEvery: 0, poison: 's000001-1-2' })
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
    const findings = await db
      .selectFrom('job_events')
      .select('data')
      .where('job_id', '=', jobId)
      .where('type', '=', 'finding')
      .execute()
    expect(findings).toMatchObject([{ data: { category: 'internal', item: 's000001-1-2' } }])
  })

  it('tries a step again that the database refuses, and none that were to be committed with it', async () => {
    const jobId = await start({ shards: 30, steps: 3, letterEvery: 0 })
    await sql`create function refuse() returns trigger language plpgsql as 'begin raise ''refused''; end'`.execute(db)
    await sql`create trigger refuse before insert on relay_rows for each row when (new.row = 's000007-1-0') execute function refuse()`.execute(
      db,
    )
    await work(1)
    await until('the others are done', async () => (await count(jobId, 'DONE')) === 30)
    await sql`drop trigger refuse on relay_rows`.execute(db)
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
    const tried = await db
      .selectFrom('job_events')
      .select(sql<string>`shard_key`.as('shard'))
      .distinct()
      .where('job_id', '=', jobId)
      .where('type', '=', 'shard.retry')
      .execute()
    expect(tried).toEqual([{ shard: 's000007' }])
    // A step clears what went wrong before it.
    expect(
      await db.selectFrom('job_shards').select('key').where('job_id', '=', jobId).where('attempts', '>', 0).execute(),
    ).toEqual([])
  })

  it('sends a message again that was lost', async () => {
    const jobId = await start({ shards: 2, steps: 1 })
    await sql`delete from pgboss.job where data->>'jobId' = ${String(jobId)}`.execute(db)
    await work(1)
    await jobEnds(db, jobId, 20_000)
    expect(await soundness(db, jobId)).toEqual(sound)
  })

  it('goes on after its connections were cut', async () => {
    await work(2)
    const jobId = await start({ shards: 30, steps: 20, stepMs: 20 })
    await until('shards run', async () => (await running(jobId)) > 10)
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and application_name like 'mailquarry worker%'`.execute(db)
    await jobEnds(db, jobId)
    expect(await soundness(db, jobId)).toEqual(sound)
  })
})
