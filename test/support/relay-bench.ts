import type { ChildProcess } from 'node:child_process'

import { sql } from 'kysely'
import { afterAll, afterEach } from 'vitest'

import { startJob } from '../../jobs/control.ts'
import type { Settings } from '../../jobs/job-kind.ts'
import { forkWorker, kill, openTestEngine, owner } from './engine.ts'
import { testDatabase } from './postgres.ts'
import { createRelayTables } from './relay-kind.ts'

/**
 * For a test file about the engine: a database of its own, relay jobs in it, and worker processes that end with each test. `defaults`: input that
 * each job of the file has.
 */
export async function relayBench(defaults: object = {}, settings: Partial<Settings> = {}) {
  const { db, url } = await testDatabase()
  await createRelayTables(db)
  const engine = await openTestEngine(url, db, settings)
  const workers: ChildProcess[] = []
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => kill(worker)))
  })
  afterAll(() => engine.close())
  return {
    db,
    url,
    engine,
    /** Those that run, in the order of their start. One that a test kills may stay here. */
    workers,
    async work(count: number, { slots = 10, by = url }: { slots?: number; by?: string } = {}): Promise<void> {
      for (let i = 0; i < count; i++) workers.push(await forkWorker({ url: by, slots }))
    },
    /** Returns the id of the job. */
    async start(input: object): Promise<number> {
      return (await startJob(engine, { kind: 'relay', input: { ...defaults, ...input }, owner })).jobId
    },
    async rowsOf(jobId: number): Promise<string[]> {
      const { rows } = await sql<{ row: string }>`
        select row from relay_rows where job_id = ${jobId} order by row`.execute(db)
      return rows.map(({ row }) => row)
    },
    /** How many shards of the job are in these states. */
    async count(jobId: number, ...states: string[]): Promise<number> {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from job_shards where job_id = ${jobId} and state = any(${states}::text[])`.execute(
        db,
      )
      return rows[0]!.n
    },
  }
}
