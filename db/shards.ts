import { type Kysely, sql, type Transaction } from 'kysely'

import { holdJobs, startPending } from './jobs.ts'
import { storableText } from './json.ts'
import type { DB } from './types.ts'

export type ShardState = 'NEW' | 'QUEUED' | 'WAITING' | 'RUNNING' | 'DONE'

export interface Shard {
  key: string
  state: ShardState
  epoch: number
  activation: number
  wanted: number
  seen: number
  attempts: number
  crashes: number
  workerId: string | null
  waitUntil: Date | null
  waitFor: string | null
}

/**
 * Locks shards of one job in key order, the order of everybody; those that do not exist are left out. Takes a number for the
 * commit group along.
 */
export async function lockShards(
  trx: Transaction<DB>,
  jobId: number,
  keys: string[],
): Promise<{ shards: Shard[]; groupId: number }> {
  const { rows } = await sql<Shard & { groupId: number }>`
    with g as materialized (select nextval('commit_groups') as id)
    select key, state, epoch, activation, wanted, seen, attempts, crashes, worker_id as "workerId",
      wait_until as "waitUntil", wait_for as "waitFor", (select id from g) as "groupId" from job_shards s
    where job_id = ${jobId} and key = any(${keys}::text[]) order by key for update of s`.execute(trx)
  return { shards: rows, groupId: rows[0]?.groupId ?? 0 }
}

/** Adds shards in key order and says how many were new; the caller has found that none of them exists. */
export async function addShards(trx: Transaction<DB>, jobId: number, keys: string[], state: 'NEW' | 'QUEUED') {
  const { numAffectedRows } = await sql`
    insert into job_shards (job_id, key, state)
    select ${jobId}::bigint, k, ${state}::text from unnest(${keys}::text[]) with ordinality u(k, o) order by o
    on conflict do nothing`.execute(trx)
  return Number(numAffectedRows ?? 0)
}

/** A shard as a commit leaves it. */
export interface ShardChange extends Shard {
  /** JSON text; null leaves the checkpoint as it is. */
  checkpoint: string | null
  stepsMade: number
  /** From now, by the database's clock; null leaves waitUntil as it is. */
  waitMs: number | null
}

/** Keys are named once more as a list, here and below: so a plan from the time when the table was small still reads these rows alone. */
export async function updateShards(trx: Transaction<DB>, jobId: number, changes: ShardChange[]): Promise<void> {
  if (changes.length === 0) return
  const column = <K extends keyof ShardChange>(name: K) => changes.map((change) => change[name])
  await sql`
    update job_shards s set state = u.state, activation = u.activation, wanted = u.wanted, seen = u.seen,
      attempts = u.attempts, crashes = u.crashes, worker_id = u.worker_id,
      wait_until = coalesce(now() + u.wait_ms * interval '1 ms', u.wait_until), wait_for = u.wait_for,
      checkpoint = coalesce(u.checkpoint::jsonb, s.checkpoint), steps = s.steps + u.steps
    from unnest(${column('key')}::text[], ${column('state')}::text[], ${column('activation')}::int[], ${column('wanted')}::int[],
      ${column('seen')}::int[], ${column('attempts')}::int[], ${column('crashes')}::int[], ${column('workerId')}::text[],
      ${column('waitUntil')}::timestamptz[], ${column('waitFor').map((why) => why && storableText(why))}::text[], ${column('checkpoint')}::text[],
      ${column('stepsMade')}::int[], ${column('waitMs')}::float8[])
      u(key, state, activation, wanted, seen, attempts, crashes, worker_id, wait_until, wait_for, checkpoint, steps, wait_ms)
    where s.job_id = ${jobId} and s.key = u.key and s.key = any(${column('key')}::text[])`.execute(trx)
}

export interface ClaimedShard {
  jobId: number
  key: string
  activation: number
  epoch: number
  checkpoint: unknown
  attempts: number
  crashes: number
}

/**
 * Takes the shards that these messages speak of, as far as the messages are not stale and the job may run; jobs that nobody had
 * begun are RUNNING then, and named. A shard that somebody else still held was handed over after a missed heartbeat: that counts as
 * a crash. Of those that crashed twice at their checkpoint it takes at most so many and puts the others off. Until the claim commits a job cannot be stopped (see holdJobs), so that a pause sees every claim before it.
 */
export async function claimShards(
  trx: Transaction<DB>,
  workerId: string,
  messages: QueuedShard[],
  suspectsAtMost: number,
): Promise<{ claims: ClaimedShard[]; started: number[] }> {
  const none = { claims: [], started: [] }
  if (messages.length === 0) return none
  const { rows: found } = await sql<{ jobId: number; key: string; crashes: number }>`
    select s.job_id as "jobId", s.key, s.crashes from job_shards s
    join unnest(${messages.map((m) => m.jobId)}::bigint[], ${messages.map((m) => m.shardKey)}::text[],
      ${messages.map((m) => m.activation)}::int[]) m(job_id, key, activation)
      on s.job_id = m.job_id and s.key = m.key and s.activation = m.activation
    where s.state in ('QUEUED', 'RUNNING') and s.job_id = any(${messages.map((m) => m.jobId)}::bigint[])
      and s.key = any(${messages.map((m) => m.shardKey)}::text[])
    order by s.job_id, s.key for update of s`.execute(trx)
  if (found.length === 0) return none
  const states = await holdJobs(trx, [...new Set(found.map((shard) => shard.jobId))])
  const pending = [...states].filter(([, state]) => state === 'PENDING').map(([jobId]) => jobId)
  const started = pending.length > 0 ? await startPending(trx, pending) : []
  const runnable = found.filter(({ jobId }) => states.get(jobId) === 'RUNNING' || pending.includes(jobId))
  const suspects = runnable.filter(isSuspect)
  const later = new Set(suspects.slice(Math.max(0, suspectsAtMost)))
  await putOff(trx, [...later])
  const mine = runnable.filter((shard) => !later.has(shard))
  if (mine.length === 0) return { claims: [], started }
  const { rows } = await sql<ClaimedShard>`
    update job_shards s set epoch = epoch + 1, seen = wanted, worker_id = ${workerId}, state = 'RUNNING',
      wait_until = null, wait_for = null, crashes = crashes + (state = 'RUNNING')::int
    from unnest(${mine.map((m) => m.jobId)}::bigint[], ${mine.map((m) => m.key)}::text[]) m(job_id, key)
    where s.job_id = m.job_id and s.key = m.key and s.job_id = any(${mine.map((m) => m.jobId)}::bigint[])
      and s.key = any(${mine.map((m) => m.key)}::text[])
    returning s.job_id as "jobId", s.key, s.activation, s.epoch, s.checkpoint, s.attempts, s.crashes`.execute(trx)
  return { claims: rows, started }
}

/**
 * A crash hits all shards of a process. After the second one at a checkpoint a process runs only one of them at a time, so that the
 * next crash tells who is to blame, and no other shard has an item given up.
 */
export function isSuspect({ crashes }: { crashes: number }): boolean {
  return crashes >= 2
}

async function putOff(trx: Transaction<DB>, shards: { jobId: number; key: string }[]): Promise<void> {
  if (shards.length === 0) return
  await sql`
    update job_shards s set state = 'WAITING', epoch = epoch + 1, worker_id = null,
      wait_until = now() + (0.1 + random() * 0.3) * interval '1 s', wait_for = 'Runs alone, because it crashed'
    from unnest(${shards.map((m) => m.jobId)}::bigint[], ${shards.map((m) => m.key)}::text[]) m(job_id, key)
    where s.job_id = m.job_id and s.key = m.key`.execute(trx)
}

export interface QueuedShard {
  jobId: number
  shardKey: string
  activation: number
}

/** Gives up to `limit` NEW shards of a job their turn; those with a wait still to come become WAITING and need no message. */
export async function queueNewShards(trx: Transaction<DB>, jobId: number, limit: number) {
  const { rows: chosen } = await sql<{ key: string }>`
    select key from job_shards where job_id = ${jobId} and state = 'NEW' order by key limit ${limit} for update skip locked`.execute(
    trx,
  )
  if (chosen.length === 0) return []
  const { rows } = await sql<QueuedShard & { state: ShardState }>`
    update job_shards s set state = case when wait_until > now() then 'WAITING' else 'QUEUED' end
    where job_id = ${jobId} and key = any(${chosen.map((shard) => shard.key)}::text[])
    returning job_id as "jobId", key as "shardKey", activation, state`.execute(trx)
  return rows
}

/** Open shards of a job as last committed, read without a lock: good enough to decide whether the queue takes more. */
export async function countOpen(db: Kysely<DB>, jobId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`select open_shards as n from jobs where id = ${jobId}`.execute(db)
  return rows[0]?.n ?? 0
}

/**
 * Shards of a job that are in the queue or running; null while another transaction refills the same job. Whoever gets a count is alone with it
 * until its transaction ends, so that refills side by side do not add up.
 */
export async function countSent(trx: Transaction<DB>, jobId: number): Promise<number | null> {
  const { rows: locks } = await sql<{ ok: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('mailquarry.refill', ${jobId}::bigint)) as ok`.execute(trx)
  if (!locks[0]!.ok) return null
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from job_shards where job_id = ${jobId} and state in ('QUEUED', 'RUNNING')`.execute(trx)
  return rows[0]!.n
}

/**
 * Queues shards of running jobs whose wait is over: of each job up to `portion`, as far as it has less than `queuedAtMost` in the
 * queue. A hundred thousand that are due at once neither swamp the queue nor keep those of other jobs waiting.
 */
export async function queueDueShards(
  trx: Transaction<DB>,
  { portion, queuedAtMost }: { portion: number; queuedAtMost: number },
): Promise<QueuedShard[]> {
  const { rows } = await sql<QueuedShard>`
    with room as (
      select j.id, ${queuedAtMost}::int - (select count(*)::int from (
        select from job_shards q where q.job_id = j.id and q.state = 'QUEUED' limit ${queuedAtMost}) q) as shards
      from jobs j where j.state in ('PENDING', 'RUNNING') and exists (
        select from job_shards w where w.job_id = j.id and w.state = 'WAITING' and w.wait_until <= now())),
    due as (
      select s.job_id, s.key from room, lateral (
        select w.job_id, w.key from job_shards w where w.job_id = room.id and w.state = 'WAITING' and w.wait_until <= now()
        order by w.wait_until limit least(${portion}::int, room.shards) for update skip locked) s
      where room.shards > 0)
    update job_shards s set state = 'QUEUED', activation = activation + 1, wait_until = null, wait_for = null
    from due where s.job_id = due.job_id and s.key = due.key
    returning s.job_id as "jobId", s.key as "shardKey", s.activation`.execute(trx)
  return rows
}

/** Milliseconds until the next wait ends, by the database's clock; null when nothing waits. */
export async function nextDueMs(db: Kysely<DB>): Promise<number | null> {
  const { rows } = await sql<{ ms: number | null }>`
    select extract(epoch from min(wait_until) - now())::float8 * 1000 as ms from job_shards where state = 'WAITING'`.execute(
    db,
  )
  return rows[0]!.ms
}

export interface HeldShard {
  jobId: number
  key: string
  epoch: number
}

/** Shards that a worker runs, as the database sees it. */
export async function shardsHeldBy(db: Kysely<DB>, workerId: string): Promise<HeldShard[]> {
  const { rows } = await sql<HeldShard>`
    select job_id as "jobId", key, epoch from job_shards where worker_id = ${workerId} and state = 'RUNNING'`.execute(
    db,
  )
  return rows
}

/**
 * Takes RUNNING shards from a worker, all or only these, and queues them anew; `crashed` counts it against the checkpoint. Old
 * claims are fenced off by the new epoch.
 */
export async function takeShardsFrom(
  trx: Transaction<DB>,
  workerId: string,
  options: { crashed: boolean; only?: HeldShard[] },
): Promise<QueuedShard[]> {
  const { only } = options
  const chosen = only
    ? sql`and (job_id, key, epoch) in (select * from unnest(${only.map((h) => h.jobId)}::bigint[], ${only.map((h) => h.key)}::text[],
        ${only.map((h) => h.epoch)}::int[]))`
    : sql``
  const { rows } = await sql<QueuedShard>`
    with theirs as (
      select job_id, key from job_shards where worker_id = ${workerId} and state = 'RUNNING' ${chosen}
      order by job_id, key for update)
    update job_shards s set state = 'QUEUED', activation = activation + 1, epoch = epoch + 1, worker_id = null,
      crashes = crashes + ${options.crashed ? 1 : 0}
    from theirs where s.job_id = theirs.job_id and s.key = theirs.key
    returning s.job_id as "jobId", s.key as "shardKey", s.activation`.execute(trx)
  return rows
}

/**
 * Queues anew the QUEUED shards of running jobs whose message is gone, whatever the reason. Messages have an id made of job, key
 * and activation, so that one look at the queue's primary key tells.
 */
export async function queueLostShards(trx: Transaction<DB>, limit: number): Promise<QueuedShard[]> {
  const { rows } = await sql<QueuedShard>`
    with lost as (
      select s.job_id, s.key from job_shards s join jobs j on j.id = s.job_id
      where s.state = 'QUEUED' and j.state in ('PENDING', 'RUNNING') and not exists (
        select 1 from pgboss.job m where m.name = 'shards' and m.state < 'completed'
          and m.id = md5(s.job_id || '/' || s.key || '/' || s.activation)::uuid)
      order by s.job_id, s.key limit ${limit} for update of s skip locked)
    update job_shards s set activation = activation + 1
    from lost where s.job_id = lost.job_id and s.key = lost.key
    returning s.job_id as "jobId", s.key as "shardKey", s.activation`.execute(trx)
  return rows
}
