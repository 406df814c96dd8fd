import { sql } from 'kysely'
import { afterAll, afterEach } from 'vitest'

import { startJob } from '../../jobs/control.ts'
import type { Settings } from '../../jobs/job-kind.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'
import { startWorker, type Worker } from '../../jobs/worker.ts'
import { forkWorker, openTestEngine, owner } from './engine.ts'
import { testDatabase } from './postgres.ts'

export interface AnswerCount {
  status: string
  reason: string
  /** The store had it. */
  stored: boolean
  n: number
}

/** Jobs that verify lists, on workers of four slots, in a database of its own. Call it at the top of a test file: workers stop after each test. */
export async function verifyBench(settings: Partial<Settings>) {
  const { db, url } = await testDatabase()
  const engine = await openTestEngine(url, db, settings)
  const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
  const workers: Worker[] = []
  const slots = 4
  const stopAll = () => Promise.all(workers.splice(0).map((worker) => worker.stop()))
  afterEach(async () => void (await stopAll()))
  afterAll(async () => {
    await outgoing.close()
    await engine.close()
  })
  return {
    db,
    engine,
    /** Of each worker. */
    slots,
    async work(count: number) {
      for (let i = 0; i < count; i++) workers.push(await startWorker({ engine, url, outgoing, slots }))
    },
    stopAll,
    /** A worker that can be killed. */
    workApart: () => forkWorker({ url, slots, settings }),
    async verify(emails: string[], more: object = {}): Promise<number> {
      return (await startJob(engine, { kind: 'verify-emails', input: { emails, ...more }, owner })).jobId
    },
    /** What became of the addresses of a job. */
    async answersOf(jobId: number): Promise<AnswerCount[]> {
      const { rows } = await sql<AnswerCount>`
        select status, reason, from_store as stored, count(*)::int as n from job_verifications where job_id = ${jobId} group by 1, 2, 3 order by 1, 2, 3`.execute(
        db,
      )
      return rows
    },
  }
}
