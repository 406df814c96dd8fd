import type { ChildProcess } from 'node:child_process'

import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { cancelJob, deleteJob, pauseJob, resumeJob, startJob } from '../../jobs/control.ts'
import type { Engine } from '../../jobs/engine.ts'
import { IdempotencyMismatch, InvalidTransition, NotFound, ValidationError } from '../../jobs/refusals.ts'
import {
  forkWorker,
  jobEnds,
  kill,
  openTestEngine,
  owner,
  sound,
  soundness,
  stateOf,
  until,
} from '../support/engine.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { createRelayTables } from '../support/relay-kind.ts'

let database: TestDatabase
let engine: Engine
let workers: ChildProcess[] = []

beforeAll(async () => {
  database = await testDatabase()
  await createRelayTables(database.db)
  engine = await openTestEngine(database.url, database.db)
})
afterEach(async () => {
  await Promise.all(workers.map((worker) => kill(worker)))
  workers = []
})
afterAll(async () => {
  await engine.close()
  await database.close()
})

const work = async (count: number, slots = 10) => {
  for (let i = 0; i < count; i++) workers.push(await forkWorker({ url: database.url, slots }))
}
const start = (input: object, idempotencyKey?: string) =>
  startJob(engine, { kind: 'relay', input, owner, idempotencyKey })
const rowsOf = async (jobId: number) =>
  (
    await sql<{ row: string }>`select row from relay_rows where job_id = ${jobId} order by row`.execute(database.db)
  ).rows.map((r) => r.row)
const running = async (jobId: number) =>
  (
    await sql<{
      n: number
    }>`select count(*)::int as n from job_shards where job_id = ${jobId} and state = 'RUNNING'`.execute(database.db)
  ).rows[0]!.n

describe('a job', () => {
  it('runs every step of every shard once and ends once', async () => {
    await work(2)
    const { jobId } = await start({ shards: 40, steps: 5, failing: ['-2-3'] })
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
    const { failed, results } = await database.db
      .selectFrom('jobs')
      .select(['failed', 'results'])
      .where('id', '=', jobId)
      .executeTakeFirstOrThrow()
    expect(failed).toBe(40)
    expect(await rowsOf(jobId)).toHaveLength(results)
  })

  it('of several thousand shards is fed to the queue in portions and ends', async () => {
    await work(1, 40)
    const { jobId } = await start({ shards: 4_000, steps: 1, rowsPerStep: 1, letterEvery: 0 })
    let most = 0
    await until(
      'the job ends',
      async () => {
        const { rows } = await sql<{ n: number }>`
          select count(*)::int as n from pgboss.job where name = 'shards' and state < 'completed' and data->>'jobId' = ${String(jobId)}`.execute(
          database.db,
        )
        most = Math.max(most, rows[0]!.n)
        return (await stateOf(database.db, jobId)) === 'COMPLETED'
      },
      90_000,
    )
    expect(await soundness(database.db, jobId)).toEqual(sound)
    expect(await rowsOf(jobId)).toHaveLength(4_000)
    // 1,000 by refilling, and what the first step sends at once
    expect(most).toBeLessThanOrEqual(1_500)
  })

  it('waits without a slot when its shards say later', async () => {
    await work(1, 2)
    const { jobId } = await start({ shards: 60, steps: 1, laterMs: 8_000, letterEvery: 0 })
    await until('all shards wait', async () => {
      const { rows } = await sql<{
        n: number
      }>`select count(*)::int as n from job_shards where job_id = ${jobId} and state = 'WAITING'`.execute(database.db)
      return rows[0]!.n === 60
    })
    const small = await start({ shards: 2, steps: 1 })
    await jobEnds(database.db, small.jobId, 5_000)
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
  })
})

describe('control', () => {
  it('pauses within half a second, keeps what was committed, and resumes to the same rows', async () => {
    const input = { shards: 30, steps: 20, stepMs: 40 }
    await work(2)
    const undisturbed = await start({ ...input, stepMs: 0 })
    await jobEnds(database.db, undisturbed.jobId)
    const { jobId } = await start(input)
    for (let round = 0; round < 3; round++) {
      await until('shards run', async () => (await running(jobId)) > 5)
      await pauseJob(engine, jobId, owner)
      await until('it is paused', async () => (await stateOf(database.db, jobId)) === 'PAUSED', 2_000)
      expect(await running(jobId)).toBe(0)
      const before = await rowsOf(jobId)
      await new Promise((resolve) => setTimeout(resolve, 150))
      expect(await rowsOf(jobId)).toEqual(before)
      await resumeJob(engine, jobId, owner)
    }
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
    expect(await rowsOf(jobId)).toEqual(await rowsOf(undisturbed.jobId))
  })

  it('cancels, resumes after that, and deletes with all rows', async () => {
    await work(1)
    const { jobId } = await start({ shards: 20, steps: 20, stepMs: 20 })
    await until('shards run', async () => (await running(jobId)) > 3)
    await cancelJob(engine, jobId, owner)
    await cancelJob(engine, jobId, owner)
    await until('it is cancelled', async () => (await stateOf(database.db, jobId)) === 'CANCELLED', 2_000)
    await resumeJob(engine, jobId, owner)
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
    await deleteJob(engine, jobId, owner)
    await until('its rows are gone', async () => (await stateOf(database.db, jobId)) === 'gone')
    expect(await rowsOf(jobId)).toEqual([])
    await expect(deleteJob(engine, jobId, owner)).rejects.toThrow(NotFound)
  })

  it('pauses and resumes a job that nobody has begun', async () => {
    const { jobId } = await start({ shards: 3, steps: 1 })
    await pauseJob(engine, jobId, owner)
    expect(await stateOf(database.db, jobId)).toBe('PAUSED')
    await resumeJob(engine, jobId, owner)
    await work(1)
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
  })

  it('refuses what is impossible and names what is allowed', async () => {
    await work(1)
    const { jobId } = await start({ shards: 1, steps: 1 })
    await expect(deleteJob(engine, jobId, owner)).rejects.toThrow(InvalidTransition)
    await jobEnds(database.db, jobId)
    await expect(pauseJob(engine, jobId, owner)).rejects.toMatchObject({
      from: 'COMPLETED',
      attempted: 'PAUSE',
      allowed: ['DELETE', 'CLONE'],
    })
    await expect(pauseJob(engine, jobId, 'somebody else')).rejects.toThrow(NotFound)
  })

  it('starts one job for one idempotency key', async () => {
    const input = { shards: 1, steps: 1 }
    const both = await Promise.all([start(input, 'key-1'), start(input, 'key-1')])
    expect(both[0].jobId).toBe(both[1].jobId)
    expect(both.filter((one) => one.replayed)).toHaveLength(1)
    await expect(start({ shards: 2, steps: 1 }, 'key-1')).rejects.toThrow(IdempotencyMismatch)
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
    await jobEnds(database.db, undisturbed.jobId)
    const { jobId } = await start(input)
    for (let kills = 0; kills < 3; kills++) {
      await until('both run shards', async () => (await running(jobId)) > 10)
      const victim = workers.shift()!
      await kill(victim)
      await work(1)
    }
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
    expect(await rowsOf(jobId)).toEqual(await rowsOf(undisturbed.jobId))
    const { rows } = await sql<{
      epochs: number
    }>`select sum(epoch - 1)::int as epochs from job_shards where job_id = ${jobId}`.execute(database.db)
    expect(rows[0]!.epochs).toBeGreaterThan(10)
  })

  it('that is asked to end hands its shards back and nothing counts as a failure', async () => {
    await work(1)
    const { jobId } = await start({ shards: 10, steps: 30, stepMs: 20 })
    await until('shards run', async () => (await running(jobId)) > 5)
    await kill(workers.shift()!, 'SIGTERM')
    expect(await running(jobId)).toBe(0)
    const { rows } = await sql<{
      n: number
    }>`select sum(crashes + attempts)::int as n from job_shards where job_id = ${jobId}`.execute(database.db)
    expect(rows[0]!.n).toBe(0)
    await work(1)
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
  })

  it('gives up one item that throws each time, and goes on', async () => {
    await work(1)
    const { jobId } = await start({ shards: 3, steps: 3, letterEvery: 0, poison: 's000001-1-2' })
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
    const findings = await database.db
      .selectFrom('job_events')
      .select('data')
      .where('job_id', '=', jobId)
      .where('type', '=', 'finding')
      .execute()
    expect(findings).toMatchObject([{ data: { category: 'internal', item: 's000001-1-2' } }])
  })

  it('sends a message again that was lost', async () => {
    const { jobId } = await start({ shards: 2, steps: 1 })
    await sql`delete from pgboss.job where data->>'jobId' = ${String(jobId)}`.execute(database.db)
    await work(1)
    await jobEnds(database.db, jobId, 20_000)
    expect(await soundness(database.db, jobId)).toEqual(sound)
  })

  it('goes on after its connections were cut', async () => {
    await work(2)
    const { jobId } = await start({ shards: 30, steps: 20, stepMs: 20 })
    await until('shards run', async () => (await running(jobId)) > 10)
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and application_name like 'mailquarry worker%'`.execute(database.db)
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
  })
})
