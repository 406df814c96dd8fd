import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

import { awaitHolders, type JobCounters, stopsRunning } from './jobs.ts'
import type { DB } from './types.ts'

/** A job that has been moved, and the number of the event that says so. */
export interface MovedJob {
  id: number
  seq: number
}

/** Moves those of the jobs that are in one of the states to another, each with an event, in one guarded statement; returns them in id order. */
export async function moveJobs(
  trx: Transaction<DB>,
  jobIds: readonly number[],
  from: readonly string[],
  to: 'PAUSING' | 'CANCELLING',
  message: string,
): Promise<MovedJob[]> {
  await awaitHolders(trx, jobIds)
  const { rows } = await sql<MovedJob>`
    with chosen as (
      select id from jobs where id = any(${jobIds}::bigint[]) and state = any(${from}::text[]) order by id for update),
    moved as (
      update jobs j set state = ${to}, phase = lower(${to}), seq = seq + 1, updated_at = now()
      from chosen where j.id = chosen.id returning j.id, j.seq),
    e as (
      insert into job_events (job_id, seq, type, data)
      select id, seq, 'job.' || lower(${to}), jsonb_build_object('message', ${message}::text) from moved)
    select id, seq from moved order by id`.execute(trx)
  return rows
}

/** Turns PAUSING into PAUSED and CANCELLING into CANCELLED for those of the jobs of which no shard runs any more. */
export async function settleStopped(trx: Transaction<DB>, jobIds: readonly number[]): Promise<MovedJob[]> {
  const { rows: locked } = await sql<{ id: number }>`
    select id from jobs where id = any(${jobIds}::bigint[]) and state in ('PAUSING', 'CANCELLING') order by id for update`.execute(
    trx,
  )
  if (locked.length === 0) return []
  // A statement of its own: its snapshot is taken under the locks, so that it sees every claim and step before them.
  const { rows } = await sql<MovedJob>`
    with moved as (
      update jobs j set state = case when state = 'PAUSING' then 'PAUSED' else 'CANCELLED' end,
        phase = case when state = 'PAUSING' then 'paused' else 'cancelled' end,
        finished_at = case when state = 'CANCELLING' then now() end, ${stopsRunning}, seq = seq + 1, updated_at = now()
      where id = any(${locked.map((job) => job.id)}::bigint[])
        and not exists (select 1 from job_shards s where s.job_id = j.id and s.state = 'RUNNING')
      returning j.id, j.seq, j.phase),
    e as (
      insert into job_events (job_id, seq, type, data)
      select id, seq, 'job.' || phase, jsonb_build_object('message', initcap(phase)) from moved)
    select id, seq from moved order by id`.execute(trx)
  return rows
}

/** Open shards of a job that stood still, as they are made ready to go on. */
export interface OpenedShards {
  id: number
  /** Those that are NEW and get their messages by a refill. */
  unsent: number
  /** The others: they get them at once. */
  queued: { shardKey: string; activation: number }[]
}

/** A job with no more open shards than this needs no refill. */
const queuedAtOnce = 10

/** Opens all open shards of jobs with a higher activation and epoch: older messages and claims are void. A job without any is left out. */
export async function openShards(trx: Transaction<DB>, jobIds: readonly number[]): Promise<OpenedShards[]> {
  const { rows } = await sql<OpenedShards>`
    with locked as (
      select job_id, key, wait_until from job_shards where job_id = any(${jobIds}::bigint[]) and state <> 'DONE'
      order by job_id, key for update),
    counted as (select *, count(*) over (partition by job_id) as open from locked),
    opened as (
      update job_shards s set activation = activation + 1, epoch = epoch + 1, worker_id = null,
        state = case when c.open <= ${queuedAtOnce} and coalesce(c.wait_until <= now(), true) then 'QUEUED' else 'NEW' end
      from counted c where s.job_id = c.job_id and s.key = c.key returning s.job_id, s.key, s.state, s.activation)
    select job_id as id, count(*) filter (where state = 'NEW') as unsent, coalesce(
      jsonb_agg(jsonb_build_object('shardKey', key, 'activation', activation)) filter (where state = 'QUEUED'), '[]') as queued
    from opened group by job_id`.execute(trx)
  return rows
}

/**
 * Lets those of the jobs that are in one of the states run again with what was opened, or end where nothing was. Not those of which more is open than that: a
 * retry has come between.
 */
export async function moveResumed(
  trx: Transaction<DB>,
  jobIds: readonly number[],
  opened: readonly OpenedShards[],
  from: readonly string[],
): Promise<MovedJob[]> {
  const { rows } = await sql<MovedJob>`
    with chosen as (
      select id from jobs where id = any(${jobIds}::bigint[]) and state = any(${from}::text[]) order by id for update),
    moved as (
      update jobs j set state = case when o.id is null then 'FINISHING' else 'RUNNING' end,
        phase = case when o.id is null then 'finishing' else 'running' end, unsent_shards = coalesce(o.unsent, 0), seq = seq + 1,
        started_at = coalesce(started_at, now()), runs_since = now(), updated_at = now(), finished_at = null, error_code = null, error_message = null
      from chosen left join unnest(${opened.map((job) => job.id)}::bigint[], ${opened.map((job) => job.unsent)}::bigint[],
        ${opened.map((job) => job.unsent + job.queued.length)}::bigint[]) o(id, unsent, opened) on o.id = chosen.id
      where j.id = chosen.id and j.open_shards = coalesce(o.opened, 0) returning j.id, j.seq),
    e as (
      insert into job_events (job_id, seq, type, data) select id, seq, 'job.resumed', '{"message": "Resumed"}' from moved)
    select id, seq from moved order by id`.execute(trx)
  return rows
}

/**
 * Makes the open shards of a job and those that hold failed items (`failedShards`: a query of their keys) NEW, as `openShards` does; those with failed
 * items have something new to do. `checkpoint`: SQL over the stored one. Returns how many wait for a message now, and how many of them had ended.
 */
export async function reopenFailedShards(
  trx: Transaction<DB>,
  jobId: number,
  failedShards: RawBuilder<{ key: string }>,
  checkpoint: RawBuilder<unknown>,
): Promise<{ unsent: number; reopened: number }> {
  // Until the next ANALYZE the planner may take the shards of a new job for a handful: a nested loop over 100,000 takes hours.
  await sql`set local enable_nestloop = off`.execute(trx)
  const { rows } = await sql<{ unsent: number; reopened: number }>`
    with failing as materialized (${failedShards}),
    chosen as (
      select s.key, s.state, f.key is not null as failing from job_shards s left join failing f on f.key collate "C" = s.key
      where s.job_id = ${jobId} and (s.state <> 'DONE' or f.key is not null) order by s.key for update of s),
    opened as (
      update job_shards s set state = 'NEW', activation = activation + 1, epoch = epoch + 1, worker_id = null,
        wanted = wanted + chosen.failing::int, checkpoint = case when chosen.failing then ${checkpoint} else s.checkpoint end
      from chosen where s.job_id = ${jobId} and s.key = chosen.key returning chosen.state as before)
    select count(*) as unsent, count(*) filter (where before = 'DONE') as reopened from opened`.execute(trx)
  return rows[0]!
}

/**
 * Lets a job run again from the state in which it was found, with corrected counters, and notes it. Null when anything has happened to
 * it since, by its `seq`: then nothing has been changed.
 */
export async function moveRetried(
  trx: Transaction<DB>,
  job: { id: number; state: string; seq: number },
  change: {
    counts: Pick<JobCounters, 'succeeded' | 'failed' | 'skipped'>
    unsent: number
    reopened: number
    /** New items may turn up: there is no total until the end. */
    mayGrow: boolean
    message: string
  },
): Promise<MovedJob | null> {
  const { succeeded, failed, skipped } = change.counts
  const data = JSON.stringify({ message: change.message, counts: { items: -(succeeded + failed + skipped) } })
  const { rows } = await sql<MovedJob>`
    with moved as (
      update jobs set state = 'RUNNING', phase = 'running', seq = seq + 1, updated_at = now(), started_at = coalesce(started_at, now()),
        runs_since = now(), finished_at = null, error_code = null, error_message = null, summary = null,
        total = case when ${change.mayGrow} then null else total end,
        open_shards = open_shards + ${change.reopened}, unsent_shards = ${change.unsent},
        done = done + ${succeeded + failed + skipped}, succeeded = succeeded + ${succeeded}, failed = failed + ${failed},
        skipped = skipped + ${skipped}
      where id = ${job.id} and state = ${job.state} and seq = ${job.seq} returning id, seq),
    e as (insert into job_events (job_id, seq, type, data) select id, seq, 'job.retried', ${data}::jsonb from moved)
    select id, seq from moved`.execute(trx)
  return rows[0] ?? null
}

/** Marks those of the jobs that are in one of the states as deleted, which frees their idempotency keys; returns their ids. */
export async function markDeleted(
  db: Kysely<DB>,
  jobIds: readonly number[],
  from: readonly string[],
): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    with chosen as (
      select id from jobs where id = any(${jobIds}::bigint[]) and state = any(${from}::text[]) order by id for update)
    update jobs j set state = 'DELETED', idempotency_key = null, updated_at = now() from chosen where j.id = chosen.id
    returning j.id`.execute(db)
  return rows.map((row) => row.id)
}
