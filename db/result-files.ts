import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

import type { DB } from './types.ts'

/**
 * The results of a job as texts of JSON, an object each, in committed order; times in epoch seconds. Each ends with the worker. Of a verification those that
 * are addresses: its score is the confidence, and gives the quality as it does with sightings (`gradeOf`).
 */
export function resultRows(jobId: number): RawBuilder<unknown> {
  return sql`
    select row_to_json(r) from (
      select a.address as email, a.quality, a.confidence, a.source_url, floor(extract(epoch from a.found_at))::bigint as timestamp, a.worker_id
      from job_groups g join job_addresses a on a.job_id = g.job_id and a.group_id = g.group_id
      where g.job_id = ${jobId} order by g.step, g.group_id, a.place) r
    union all
    select row_to_json(r) from (
      select v.address as email, case when v.score >= 75 then 'high' when v.score >= 50 then 'medium' else 'low' end as quality,
        round(v.score / 100.0, 2) as confidence, null as source_url, floor(extract(epoch from v.checked_at))::bigint as timestamp,
        v.status, v.reason, v.score, g.worker_id
      from job_groups g join job_verifications v on v.job_id = g.job_id and v.group_id = g.group_id
      where g.job_id = ${jobId} and v.domain <> '' order by g.step, g.group_id, v.place) r`
}

/** Results of a verification that `resultRows` leaves out. */
export async function countNotAddresses(db: Kysely<DB>, jobId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from job_verifications where job_id = ${jobId} and domain = ''`.execute(db)
  return rows[0]!.n
}

/** What each worker did for a job, and the moment by the database's clock, in epoch seconds. */
export async function workersOfJob(db: Kysely<DB>, jobId: number): Promise<{ now: number; done: Map<string, number> }> {
  const { rows } = await sql<{ now: number; done: Record<string, number> | null }>`
    select floor(extract(epoch from clock_timestamp()))::bigint as now,
      (select jsonb_object_agg(worker_id, done order by worker_id) from job_workers where job_id = ${jobId}) as done`.execute(
    db,
  )
  return { now: rows[0]!.now, done: new Map(Object.entries(rows[0]!.done ?? {})) }
}

/** The jobs have stopped: those that have results are to get files of what they have now. */
export async function wantResultFiles(trx: Transaction<DB>, jobIds: readonly number[]): Promise<void> {
  if (jobIds.length === 0) return
  await sql`
    insert into result_files as f (job_id, wanted)
    select id, 1 from jobs j where id = any(${jobIds}::bigint[])
      and (results > 0 or exists (select from result_files known where known.job_id = j.id)) order by id
    on conflict (job_id) do update set wanted = f.wanted + 1`.execute(trx)
}

/** A file as it is to be made. */
export interface ResultFilePlan {
  jobId: number
  /** Of the job's stops, the one that it answers. */
  wanted: number
  results: number
  /** There is none yet, and nothing to put into one. */
  empty: boolean
}

/**
 * By how much the results must have grown for another file while the job runs, against the last one and against the bytes of the run so far. Those then
 * come to at most 1 + 1 / growth times the last file, and with the one at the end to less than three times its size.
 */
const growth = 1.5
/** Making them takes no more than a twentieth of the time, */
const restsTimes = 20
/** and who watches a file sees it grow every few seconds. */
const leastRestMs = 5_000

const plan = sql`j.id as "jobId", coalesce(f.wanted, 0) as wanted, j.results, f.made_at is null and j.results = 0 as empty`

/** Files to make: of running jobs that have grown, and of those that have stopped. `only`: of this job. */
export async function dueResultFiles(db: Kysely<DB>, only?: number): Promise<ResultFilePlan[]> {
  const ofJob = only === undefined ? sql`true` : sql`j.id = ${only}`
  const { rows } = await sql<ResultFilePlan>`
    select ${plan} from jobs j left join result_files f on f.job_id = j.id
    where j.state in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING') and j.results > 0 and ${ofJob}
      and (f.made_at is null or (j.results >= ${growth}::float8 * f.results and now() > f.made_at + greatest(${leastRestMs}::integer, ${restsTimes}::integer * f.took_ms) * interval '1 ms'
        and j.results::float8 * f.size_bytes >= ${growth}::float8 * f.run_bytes * f.results))
    union
    select ${plan} from result_files f join jobs j on j.id = f.job_id where f.wanted > f.seen and j.state <> 'DELETED' and ${ofJob}
    order by 1`.execute(db)
  return rows
}

/** The file of a job, due or not; null where the job is gone. */
export async function planResultFile(db: Kysely<DB>, jobId: number): Promise<ResultFilePlan | null> {
  const { rows } = await sql<ResultFilePlan>`
    select ${plan} from jobs j left join result_files f on f.job_id = j.id where j.id = ${jobId} and j.state <> 'DELETED'`.execute(
    db,
  )
  return rows[0] ?? null
}

/** Before the file is put into the store, so that it is known of whatever dies. False where the job is gone. The job is locked first, as everybody does who stops it. */
export async function beginResultFile(db: Kysely<DB>, jobId: number): Promise<boolean> {
  const { rows } = await sql`
    insert into result_files as f (job_id) select id from jobs where id = ${jobId} and state <> 'DELETED' for key share
    on conflict (job_id) do update set wanted = f.wanted returning job_id`.execute(db)
  return rows.length > 0
}

/** Once it is there; null: none was needed. False where the job is gone. */
export async function noteResultFile(
  db: Kysely<DB>,
  { jobId, wanted, results }: ResultFilePlan,
  made: { sizeBytes: number; tookMs: number } | null,
): Promise<boolean> {
  const file = made
    ? sql`, results = ${results}, size_bytes = ${made.sizeBytes}, made_at = now(), took_ms = ${Math.ceil(made.tookMs)},
      run_bytes = case when ${wanted}::bigint > f.seen then 0 else f.run_bytes + ${made.sizeBytes} end`
    : sql``
  const { rows } = await sql`
    update result_files f set seen = ${wanted}${file} from jobs j
    where f.job_id = ${jobId} and j.id = f.job_id and j.state <> 'DELETED' returning f.job_id`.execute(db)
  return rows.length > 0
}

/** The jobs that have files in the store, or of which one is being made. `among`: of these. */
export async function jobsWithResultFiles(db: Kysely<DB>, among?: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select job_id as id from result_files where ${among ? sql`job_id = any(${among}::bigint[])` : sql`true`} order by job_id`.execute(
    db,
  )
  return rows.map(({ id }) => id)
}

/** A result file that is in the store. */
export interface ResultFileRow {
  name: string
  sizeBytes: number
  madeAt: Date
}

export async function resultFilesOf(db: Kysely<DB>, jobIds: readonly number[]): Promise<Map<number, ResultFileRow[]>> {
  const { rows } = await sql<ResultFileRow & { jobId: number }>`
    select job_id as "jobId", 'job_' || job_id || '.json' as name, size_bytes as "sizeBytes", made_at as "madeAt" from result_files
    where job_id = any(${jobIds}::bigint[]) and made_at is not null`.execute(db)
  return new Map(rows.map(({ jobId, ...row }) => [jobId, [row]]))
}
