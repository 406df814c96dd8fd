import { expect, it } from 'vitest'

import { holdJobs } from '../../db/jobs.ts'
import { pauseJob, startJob } from '../../jobs/control.ts'
import { openTestEngine, owner, stateOf } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { createRelayTables } from '../support/relay-kind.ts'

it('a pause waits for claims that are on the way, so that none comes after it', async () => {
  const { db, url } = await testDatabase()
  await createRelayTables(db)
  const engine = await openTestEngine(url, db)
  try {
    const { jobId } = await startJob(engine, { kind: 'relay', input: { shards: 1, steps: 1 }, owner })
    let paused = false
    let pausing: Promise<void> | undefined
    await db.transaction().execute(async (claim) => {
      expect(await holdJobs(claim, [jobId])).toEqual(new Map([[jobId, 'PENDING']]))
      pausing = pauseJob(engine, jobId, owner).then(() => void (paused = true))
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(paused).toBe(false)
      expect(await stateOf(db, jobId)).toBe('PENDING')
    })
    await pausing
    expect(await stateOf(db, jobId)).toBe('PAUSED')
    // Whoever claims now is told so.
    await db
      .transaction()
      .execute(async (claim) => expect(await holdJobs(claim, [jobId])).toEqual(new Map([[jobId, 'PAUSED']])))
  } finally {
    await engine.close()
  }
})
