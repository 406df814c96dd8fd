import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

/** What a worker does and did for a job. */
export interface JobWorkerRow {
  workerId: string
  /** Shards of the job that it runs now. */
  slots: number
  /** Items that it brought to an end. */
  done: number
}

/** Until when, and why, nothing of a job runs. */
export interface JobWait {
  until: Date
  for: string | null
}

export interface JobActivity {
  workers: JobWorkerRow[]
  wait: JobWait | null
}

/** Workers and waits of several jobs, in two statements; every id asked for has an entry. */
export async function jobActivities(db: Kysely<DB>, ids: readonly number[]): Promise<Map<number, JobActivity>> {
  const activities = new Map<number, JobActivity>(ids.map((id) => [id, { workers: [], wait: null }]))
  const { rows: workers } = await sql<JobWorkerRow & { jobId: number }>`
    select job_id as "jobId", worker_id as "workerId", sum(slots)::int as slots, sum(done)::bigint as done from (
      select job_id, worker_id, 0 as slots, done from job_workers where job_id = any(${ids}::bigint[])
      union all
      select job_id, worker_id, 1, 0 from job_shards
      where job_id = any(${ids}::bigint[]) and state = 'RUNNING' and worker_id is not null) w
    group by job_id, worker_id order by job_id, worker_id`.execute(db)
  for (const { jobId, ...worker } of workers) activities.get(jobId)!.workers.push(worker)

  // A job waits when it runs, and none of its shards does or is about to.
  const { rows: waits } = await sql<{ jobId: number; until: Date; for: string | null }>`
    select j.id as "jobId", w.wait_until as until, w.wait_for as for from jobs j
    cross join lateral (
      select wait_until, wait_for from job_shards s where s.job_id = j.id and s.state = 'WAITING' order by wait_until limit 1) w
    where j.id = any(${ids}::bigint[]) and j.state = 'RUNNING' and w.wait_until is not null and not exists (
      select 1 from job_shards s where s.job_id = j.id and s.state in ('NEW', 'QUEUED', 'RUNNING'))`.execute(db)
  for (const { jobId, ...wait } of waits) activities.get(jobId)!.wait = wait
  return activities
}
