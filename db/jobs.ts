import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

import { jsonText, storableText } from './json.ts'
import type { DB } from './types.ts'

/** An entry for a job's log; it gets its number when it is appended. */
export interface NewEvent {
  type: string
  shardKey?: string | null
  workerId?: string | null
  data?: Record<string, unknown>
}

export interface JobCounters {
  total: number
  succeeded: number
  failed: number
  skipped: number
  bytesDone: number
  results: number
  steps: number
  openShards: number
  unsentShards: number
}

/** SQL: milliseconds in which a job has run, without the time in which it stood still. */
export const ranMs = sql<number>`ran_ms + coalesce(greatest(extract(epoch from now() - runs_since) * 1000, 0)::bigint, 0)`
/** What every update that stops a job sets as well. */
export const stopsRunning = sql`ran_ms = ${ranMs}, runs_since = null`

export interface CommittedJob {
  seq: number
  state: string
  openShards: number
  unsentShards: number
}

/**
 * The last statement of a step's transaction: counters, events with their gap-free numbers, the group's place in the order, the
 * worker's share. Null when the job is not in a state that takes steps; the caller rolls back. A job whose last shard ended
 * becomes FINISHING, with an event of its own behind the others.
 */
export async function commitJob(
  trx: Transaction<DB>,
  jobId: number,
  args: {
    counters: JobCounters
    events: NewEvent[]
    groupId: number
    workerId: string
    phase: string | null
    totalKnown: boolean
  },
): Promise<CommittedJob | null> {
  const { counters: c, events } = args
  const { rows } = await sql<CommittedJob>`
    with j as (
      update jobs set seq = seq + ${events.length} + (open_shards + ${c.openShards} = 0)::int,
        state = case when open_shards + ${c.openShards} = 0 then 'FINISHING' else state end,
        phase = case when open_shards + ${c.openShards} = 0 then 'finishing' else coalesce(${args.phase}, phase) end,
        open_shards = open_shards + ${c.openShards}, unsent_shards = unsent_shards + ${c.unsentShards},
        items = items + ${c.total}, total = case when total is not null or ${args.totalKnown} then items + ${c.total} end,
        done = done + ${c.succeeded + c.failed + c.skipped},
        succeeded = succeeded + ${c.succeeded}, failed = failed + ${c.failed}, skipped = skipped + ${c.skipped},
        bytes_done = bytes_done + ${c.bytesDone}, results = results + ${c.results}, steps = steps + ${c.steps},
        updated_at = now()
      where id = ${jobId} and state in ('RUNNING', 'PAUSING', 'CANCELLING')
      returning seq, state, steps, open_shards, unsent_shards),
    e as (
      insert into job_events (job_id, seq, type, shard_key, worker_id, data)
      select ${jobId}::bigint, j.seq - (j.state = 'FINISHING')::int - ${events.length} + n.place, n.type, n.shard_key, n.worker_id, n.data::jsonb
      from j, ${eventRows(events)}
      union all
      select ${jobId}::bigint, j.seq, 'job.finishing', null, ${args.workerId}::text, '{"message": "All shards have ended"}'::jsonb
      from j where j.state = 'FINISHING'),
    g as (insert into job_groups (job_id, step, group_id, worker_id)
      select ${jobId}::bigint, steps, ${args.groupId}::bigint, ${args.workerId}::text from j where ${c.steps} > 0),
    w as (
      insert into job_workers (job_id, worker_id, done) select ${jobId}::bigint, ${args.workerId}::text, ${c.succeeded + c.failed + c.skipped}::bigint from j
      on conflict (job_id, worker_id) do update set done = job_workers.done + excluded.done)
    select seq, state, open_shards as "openShards", unsent_shards as "unsentShards" from j`.execute(trx)
  return rows[0] ?? null
}

/** Takes numbers for events under the job row's lock and appends them; returns the last number. The job must exist. */
export async function appendEvents(trx: Transaction<DB>, jobId: number, events: NewEvent[]): Promise<number> {
  const { rows } = await sql<{ seq: number }>`
    with j as (update jobs set seq = seq + ${events.length}, updated_at = now() where id = ${jobId} returning seq),
    e as (
      insert into job_events (job_id, seq, type, shard_key, worker_id, data)
      select ${jobId}::bigint, j.seq - ${events.length} + n.place, n.type, n.shard_key, n.worker_id, n.data::jsonb
      from j, ${eventRows(events)})
    select seq from j`.execute(trx)
  if (!rows[0]) throw new Error(`job ${jobId} does not exist`)
  return rows[0].seq
}

/** Ends a job that cannot go on; null when it is in none of the states in which it would. */
export async function moveFailed(
  trx: Transaction<DB>,
  jobId: number,
  error: { code: string; message: string },
): Promise<{ seq: number } | null> {
  await awaitHolders(trx, [jobId])
  const { rows } = await sql<{ seq: number }>`
    update jobs set state = 'FAILED', phase = 'failed', updated_at = now(), finished_at = now(), ${stopsRunning},
      error_code = ${error.code}, error_message = ${storableText(error.message)}
    where id = ${jobId} and state in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING')
    returning seq`.execute(trx)
  return rows[0] ?? null
}

function holdKey(jobId: RawBuilder<unknown>) {
  return sql`hashtextextended('mailquarry.hold', ${jobId})`
}

/**
 * Waits until nobody holds these jobs, and lets nobody hold them until the transaction ends. For whoever stops jobs, before it locks
 * their rows: who holds jobs locks the rows after that, to start them.
 */
export async function awaitHolders(trx: Transaction<DB>, jobIds: readonly number[]): Promise<void> {
  await sql`select pg_advisory_xact_lock(${holdKey(sql`id`)})
    from unnest(${jobIds.toSorted((a, b) => a - b)}::bigint[]) as stopped (id)`.execute(trx)
}

/**
 * Keeps jobs from being paused, cancelled and failed until the transaction ends, and returns their states. The rows themselves stay
 * free for the steps of others, each of which updates its job's: a lock on them would make claims and steps wait for each other.
 */
export async function holdJobs(trx: Transaction<DB>, jobIds: number[]): Promise<Map<number, string>> {
  await sql`select pg_advisory_xact_lock_shared(${holdKey(sql`id`)})
    from unnest(${jobIds.toSorted((a, b) => a - b)}::bigint[]) as held (id)`.execute(trx)
  // A statement of its own: its snapshot is taken under the locks.
  const { rows } = await sql<{ id: number; state: string }>`
    select id, state from jobs where id = any(${jobIds}::bigint[])`.execute(trx)
  return new Map(rows.map((row) => [row.id, row.state]))
}

export interface NewJob {
  kind: string
  title: string
  owner: string
  input: unknown
  idempotencyKey: string | null
}

/** Adds a job with its first shard; null when the owner has used the idempotency key before. */
export async function insertJob(trx: Transaction<DB>, job: NewJob): Promise<number | null> {
  const { rows } = await sql<{ id: number }>`
    with j as (
      insert into jobs (kind, title, owner, input, idempotency_key, open_shards)
      values (${job.kind}, ${storableText(job.title)}, ${job.owner}, ${jsonText(job.input)}::jsonb, ${job.idempotencyKey}, 1)
      on conflict (owner, idempotency_key) where idempotency_key is not null do nothing returning id),
    s as (insert into job_shards (job_id, key, state) select id, 'main', 'QUEUED' from j)
    select id from j`.execute(trx)
  return rows[0]?.id ?? null
}

/** The job that an idempotency key stands for, and whether it was started with this very input. */
export async function findReplay(
  db: Kysely<DB>,
  owner: string,
  idempotencyKey: string,
  job: { kind: string; input: unknown },
) {
  const { rows } = await sql<{ id: number; same: boolean }>`
    select id, kind = ${job.kind} and input = ${jsonText(job.input)}::jsonb as same from jobs
    where owner = ${owner} and idempotency_key = ${idempotencyKey}`.execute(db)
  return rows[0] ?? null
}

/** Marks PENDING jobs as RUNNING, in id order; returns those that it started, for their event. */
export async function startPending(trx: Transaction<DB>, jobIds: number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    with pending as (select id from jobs where id = any(${jobIds}::bigint[]) and state = 'PENDING' order by id for update)
    update jobs j set state = 'RUNNING', phase = 'running', started_at = now(), runs_since = now(), updated_at = now()
    from pending where j.id = pending.id returning j.id`.execute(trx)
  return rows.map((row) => row.id).sort((a, b) => a - b)
}

export interface FoundJob {
  id: number
  kind: string
  state: string
  owner: string
  input: unknown
  seq: number
  failed: number
}

/** Null for one that does not exist, or is deleted. */
export async function findJob(db: Kysely<DB>, jobId: number): Promise<FoundJob | null> {
  const { rows } = await sql<FoundJob>`
    select id, kind, state, owner, input, seq, failed from jobs where id = ${jobId} and state <> 'DELETED'`.execute(db)
  return rows[0] ?? null
}

export interface JobToMend {
  id: number
  state: string
  unsent: boolean
  quiet: boolean
}

/** Jobs that mending has to look at: stopping, finishing without news for `quietMs`, or with shards that wait for a message. */
export async function jobsToMend(db: Kysely<DB>, quietMs: number): Promise<JobToMend[]> {
  const { rows } = await sql<JobToMend>`
    select id, state, unsent_shards > 0 as unsent, updated_at < now() - ${quietMs} * interval '1 ms' as quiet from jobs
    where state in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING')
      and (state not in ('PENDING', 'RUNNING') or unsent_shards > 0)
    order by id`.execute(db)
  return rows
}

export async function addUnsent(trx: Transaction<DB>, jobId: number, delta: number): Promise<void> {
  await sql`update jobs set unsent_shards = unsent_shards + ${delta} where id = ${jobId}`.execute(trx)
}

/** Locks a job that is to be ended; null when it is not FINISHING. */
export async function lockFinishing(trx: Transaction<DB>, jobId: number): Promise<{ kind: string } | null> {
  const { rows } = await sql<{ kind: string }>`
    select kind from jobs where id = ${jobId} and state = 'FINISHING' for update`.execute(trx)
  return rows[0] ?? null
}

/** Ends a locked FINISHING job: what is known of its items is the total now. Returns the number of its last event. */
export async function endJob(
  trx: Transaction<DB>,
  jobId: number,
  args: {
    counts: Partial<JobCounters>
    notes: readonly object[]
    summary: Record<string, unknown>
    workerId: string
  },
): Promise<number> {
  const { total = 0, succeeded = 0, failed = 0, skipped = 0, results = 0 } = args.counts
  const { rows } = await sql<{ done: number; failed: number; skipped: number; results: number }>`
    update jobs set state = 'COMPLETED', phase = 'completed', items = items + ${total}, total = items + ${total},
      done = done + ${succeeded + failed + skipped}, succeeded = succeeded + ${succeeded}, failed = failed + ${failed},
      skipped = skipped + ${skipped}, results = results + ${results}, summary = ${jsonText(args.summary)}::jsonb,
      updated_at = now(), finished_at = now(), ${stopsRunning}
    where id = ${jobId} returning done, failed, skipped, results`.execute(trx)
  const counts = rows[0]!
  await sql`
    insert into job_workers (job_id, worker_id, done) values (${jobId}, ${args.workerId}, ${succeeded + failed + skipped})
    on conflict (job_id, worker_id) do update set done = job_workers.done + excluded.done`.execute(trx)
  const found = counts.results === 1 ? '1 result' : `${counts.results.toLocaleString('en')} results`
  const data = { message: `Completed: ${found}`, counts }
  const notes = args.notes.map((note) => ({ type: 'note', data: { ...note } }))
  return appendEvents(trx, jobId, [...notes, { type: 'job.completed', data }])
}

function eventRows(events: NewEvent[]) {
  return sql`unnest(${events.map((e) => e.type)}::text[], ${events.map((e) => e.shardKey ?? null)}::text[],
        ${events.map((e) => e.workerId ?? null)}::text[], ${events.map((e) => jsonText(e.data ?? {}))}::text[])
        with ordinality n(type, shard_key, worker_id, data, place)`
}
