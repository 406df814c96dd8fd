import { moveRetried, reopenFailedShards } from '../../db/job-moves.ts'
import { findOwnJob, orUndone, refusalOf, Undone } from '../control.ts'
import type { Engine } from '../engine.ts'
import { refillJob } from '../refill.ts'
import type { JobState } from '../refusals.ts'
import { kindNamed } from '../registry.ts'
import { allowedActions } from './allowed-actions.ts'

/**
 * Lets the failed items of a job that has ended or stands still have another try, and the job go on with all that is open. Refuses with
 * InvalidTransition where nothing has failed.
 */
export async function retryJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  for (;;) {
    const job = await findOwnJob(engine, jobId, owner)
    const { state, failed } = { ...job, state: job.state as JobState }
    if (!allowedActions({ state, failed }).includes('RETRY')) throw refusalOf(job, 'RETRY')
    const { shards, reopen, checkpoint, mayGrow } = kindNamed(job.kind).retryFailed
    // Locks are taken in the order of everybody, the job's last. It stood still all the while if its seq is what it was: every change of
    // state has an event.
    const moved = await orUndone(engine.db, async (trx) => {
      const opened = await reopenFailedShards(trx, jobId, shards(jobId), checkpoint)
      const counts = { succeeded: 0, failed: 0, skipped: 0, ...(await reopen(trx, jobId)) }
      const message = `Trying failed items again: ${-counts.failed}`
      const done = await moveRetried(trx, job, { counts, ...opened, mayGrow, message })
      if (!done) throw new Undone()
      return done
    })
    if (!moved) continue
    await refillJob(engine, jobId)
    engine.notices.changed(jobId, moved.seq)
    await engine.notices.flush()
    return
  }
}
