import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

/** So many events of a job are kept, the newest, and all changes of its state. */
const keptEvents = 100_000

/**
 * Removes a portion of the oldest events from the logs of jobs that go on, where they are longer than what is kept by a tenth; never
 * those of type `job.…`, which tell what became of the job. Who reads on from what is gone meets a hole in the numbers. Returns how many
 * were removed: call it again until that is 0. A job that has ended keeps what it has.
 */
export async function pruneEvents(
  db: Kysely<DB>,
  { keep = keptEvents, portion = 10_000 }: { keep?: number; portion?: number } = {},
): Promise<number> {
  // Changes of state are few, so that the scan of each log ends soon: at the first that may go, or at the first that is kept.
  const { numAffectedRows } = await sql`
    with long as (
      select j.id, j.seq - ${keep} as upto from jobs j
      where j.state in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING') and j.seq > ${Math.floor(keep * 1.1)}
        and exists (select from job_events e where e.job_id = j.id and e.seq <= j.seq - ${Math.floor(keep * 1.1)} and e.type not like 'job.%')),
    old as (
      select e.job_id, e.seq from long cross join lateral (
        select job_id, seq from job_events e where e.job_id = long.id and e.seq <= long.upto and e.type not like 'job.%'
        order by e.seq limit ${portion}) e
      limit ${portion})
    delete from job_events e using old where e.job_id = old.job_id and e.seq = old.seq`.execute(db)
  return Number(numAffectedRows ?? 0)
}
