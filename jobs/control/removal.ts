import { deletedJobs, markOldDeleted, type OldJobs, removeRowsOf } from '../../db/job-removal.ts'
import type { Engine } from '../engine.ts'
import { removeResultFiles } from '../result-file/keep.ts'

/** Rows removed in one transaction: some tens of milliseconds of work. */
const rowsAtOnce = 5_000
const jobsAtOnce = 300

/** Removes the result files and a portion of the rows of deleted jobs. False when there is nothing to remove, or another worker is at it. */
export async function removeDeleted(engine: Engine): Promise<boolean> {
  const jobIds = await deletedJobs(engine.db)
  if (jobIds.length === 0) return false
  await removeResultFiles(engine, jobIds)
  return engine.db.transaction().execute((trx) => removeRowsOf(trx, jobIds, rowsAtOnce))
}

/** Deletes the jobs that ended so long ago, and returns how many; never a paused one. Workers may do it at the same time. */
export async function deleteOld(engine: Engine, old: OldJobs): Promise<number> {
  let deleted = 0
  for (;;) {
    const ids = await markOldDeleted(engine.db, old, jobsAtOnce)
    for (const id of ids) engine.notices.changed(id, 0)
    await engine.notices.flush()
    deleted += ids.length
    if (ids.length < jobsAtOnce) return deleted
  }
}
