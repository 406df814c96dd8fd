import { endJob, lockFinishing } from '../db/jobs.ts'
import { wantResultFiles } from '../db/result-files.ts'
import { failJob } from './control.ts'
import type { Engine } from './engine.ts'
import { JobFailure } from './job-kind.ts'
import { completeMessages } from './queue.ts'
import { kindNamed } from './registry.ts'

/** Ends a FINISHING job in one transaction, with its message; a second call finds nothing to do. */
export async function finishJob(engine: Engine, workerId: string, jobId: number, messageId: string): Promise<void> {
  try {
    const ended = await engine.db.transaction().execute(async (trx) => {
      await completeMessages(engine.boss, trx, [messageId])
      const job = await lockFinishing(trx, jobId)
      if (!job) return null
      const { counts = {}, notes = [], summary } = await kindNamed(job.kind).finish(trx, jobId)
      const seq = await endJob(trx, jobId, { counts, notes, summary, workerId })
      await wantResultFiles(trx, [jobId])
      return { seq, kind: job.kind, summary }
    })
    if (ended === null) return
    engine.notices.changed(jobId, ended.seq)
    engine.log.info({ job: jobId, kind: ended.kind, summary: ended.summary }, 'job completed')
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error
    await failJob(engine, jobId, error)
    await completeMessages(engine.boss, engine.db, [messageId])
  }
}
