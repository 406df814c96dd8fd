import type { ChildProcess } from 'node:child_process'

import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { startJob } from '../../jobs/control.ts'
import type { Engine } from '../../jobs/engine.ts'
import { forkWorker, jobEnds, kill, openTestEngine, owner, sound, soundness, until } from '../support/engine.ts'
import { type PostgresProxy, startPostgresProxy } from '../support/postgres-proxy.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { createRelayTables } from '../support/relay-kind.ts'

let database: TestDatabase
let engine: Engine
let proxy: PostgresProxy
let workers: ChildProcess[] = []

beforeAll(async () => {
  database = await testDatabase()
  await createRelayTables(database.db)
  engine = await openTestEngine(database.url, database.db)
  proxy = await startPostgresProxy(database.url)
})
afterEach(async () => {
  await Promise.all(workers.map((worker) => kill(worker)))
  workers = []
})
afterAll(async () => {
  await proxy.close()
  await engine.close()
  await database.close()
})

const start = (input: object) => startJob(engine, { kind: 'relay', input, owner })
const rowsOf = async (jobId: number) =>
  (
    await sql<{ row: string }>`select row from relay_rows where job_id = ${jobId} order by row`.execute(database.db)
  ).rows.map(({ row }) => row)
const running = async (jobId: number) =>
  (
    await sql<{
      n: number
    }>`select count(*)::int as n from job_shards where job_id = ${jobId} and state = 'RUNNING'`.execute(database.db)
  ).rows[0]!.n

describe('a worker that does not hear', () => {
  it('whether its steps were committed stores none of them twice', async () => {
    workers.push(await forkWorker({ url: proxy.url, slots: 20 }))
    const { jobId } = await start({ shards: 20, steps: 10, rowsPerStep: 2, stepMs: 20, letterEvery: 0 })
    for (let losses = 0; losses < 5; losses++) {
      await until('shards run', async () => (await running(jobId)) > 5)
      await proxy.loseReplyTo('insert into relay_rows')
    }
    await jobEnds(database.db, jobId)
    expect(await soundness(database.db, jobId)).toEqual(sound)
    const rows = await rowsOf(jobId)
    expect(rows).toHaveLength(20 * 10 * 2)
    expect(rows).toEqual([...new Set(rows)])
  })
})
