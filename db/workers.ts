import { type Kysely, sql, type Transaction } from 'kysely'
import type pg from 'pg'

import { clearLeases } from './origins.ts'
import type { DB } from './types.ts'
import { releaseClaimsOf } from './verification-claims.ts'

/** First half of the advisory locks of workers; the second is the worker's lock_key. */
const lockSpace = 4711

export interface WorkerFacts {
  id: string
  host: string
  pid: number
  slots: number
}

/**
 * Enters a worker and takes its lock on this connection: while the connection lives, so does the worker. The row becomes visible
 * together with the lock, so that nobody takes a new worker for a dead one.
 */
export async function enterWorker(client: pg.Client, worker: WorkerFacts): Promise<void> {
  await client.query('begin')
  const { rows } = await client.query<{ lock_key: number }>(
    'insert into workers (id, host, pid, slots) values ($1, $2, $3, $4) returning lock_key::int',
    [worker.id, worker.host, worker.pid, worker.slots],
  )
  await client.query('select pg_advisory_lock($1, $2)', [lockSpace, rows[0]!.lock_key])
  await client.query('commit')
}

/** Workers other than this one whose connection is gone. */
export async function deadWorkers(db: Kysely<DB>, except: string): Promise<{ id: string; lockKey: number }[]> {
  const { rows } = await sql<{ id: string; lockKey: number }>`
    select id, lock_key::int as "lockKey" from workers w where id <> ${except} and not exists (
      select 1 from pg_locks l where l.locktype = 'advisory' and l.classid = ${lockSpace} and l.objid = w.lock_key and l.granted
        and l.database = (select oid from pg_database where datname = current_database()))
    order by id`.execute(db)
  return rows
}

/** Milliseconds since the server started: connections from before are lost. */
export async function databaseUpMs(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from clock_timestamp() - pg_postmaster_start_time()) * 1000)::float8 as ms`.execute(db)
  return rows[0]!.ms
}

/** Takes a dead worker's lock for this transaction; false when it lives after all or another is at it. */
export async function lockDeadWorker(trx: Transaction<DB>, lockKey: number): Promise<boolean> {
  const { rows } = await sql<{ ok: boolean }>`select pg_try_advisory_xact_lock(${lockSpace}, ${lockKey}) as ok`.execute(
    trx,
  )
  return rows[0]!.ok
}

/**
 * Keeps a worker from being removed until the transaction ends; false when it has been. Whatever gets its name before is seen by
 * whoever removes it.
 */
export async function holdWorker(trx: Transaction<DB>, workerId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from workers where id = ${workerId} for key share`.execute(trx)
  return rows.length > 0
}

/** What all workers together have to do. */
export interface SharedLoad {
  workers: number
  /** Shards that run. */
  running: number
  /** Messages that anybody may fetch, counted up to a thousand. */
  queued: number
}

/** Indexes job_shards_running and, of the queue, that of waiting messages. */
export async function readSharedLoad(trx: Transaction<DB>): Promise<SharedLoad> {
  const { rows } = await sql<SharedLoad>`
    select (select count(*)::int from workers) as workers, (select count(*)::int from job_shards where state = 'RUNNING') as running,
      (select count(*)::int from (
        select from pgboss.job where name = 'shards' and state < 'active' and start_after <= now() limit 1000) q) as queued`.execute(
    trx,
  )
  return rows[0]!
}

/** Removes a worker and what it had leased or claimed. What it runs is taken from it afterwards, in the same transaction. */
export async function removeWorker(trx: Kysely<DB>, workerId: string): Promise<void> {
  await clearLeases(trx, workerId)
  await releaseClaimsOf(trx, workerId)
  await sql`delete from workers where id = ${workerId}`.execute(trx)
}

/** Who holds something and is no worker (any more): what a statement gave that was under way while its worker was removed. */
export async function goneHolders(db: Kysely<DB>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select h.id from (
      select leased_by as id from origins where leased_by is not null
      union select worker_id from domain_facts where worker_id is not null
      union select worker_id from verification_claims
      union select worker_id from mx_connections
      union select worker_id from service_calls where state = 'ASKED'
      union select worker_id from service_batches where state = 'SENDING') h
    where not exists (select from workers w where w.id = h.id) order by h.id`.execute(db)
  return rows.map(({ id }) => id)
}

export interface WorkerLoad {
  running: number
  itemsPerSecond: number
  /** Shards that wait inside the process with their slot lent, by job. */
  parked: Record<string, number>
  /** Since it entered. */
  steps: number
  commitGroups: number
  /** Longest time in the last interval from a step that was ready to its commit. */
  commitLagMs: number
  /** 99th percentile of the event loop's delay in the last interval. */
  loopLagMs: number
  /** How long the last notice to itself was on its way. */
  noticeLagMs: number
}

export async function reportLoad(db: Kysely<DB>, workerId: string, load: WorkerLoad): Promise<void> {
  await sql`update workers set running = ${load.running}, items_per_second = ${load.itemsPerSecond},
    parked = ${JSON.stringify(load.parked)}, steps = ${load.steps}, commit_groups = ${load.commitGroups},
    commit_lag_ms = ${load.commitLagMs}, loop_lag_ms = ${load.loopLagMs}, notice_lag_ms = ${load.noticeLagMs}, seen_at = now()
    where id = ${workerId}`.execute(db)
}

/** What a worker must know to share out slots fairly. */
export interface Demand {
  /** Of all workers. */
  slots: number
  /** By worker that has some: shards parked with their slot lent, by job. */
  parked: Record<string, number>[]
  /** Jobs that want slots, and how many each could use, counted up to all there are. */
  wants: { jobId: number; slots: number }[]
  /** Jobs that want slots and have none. */
  starved: number
}

export async function readDemand(db: Kysely<DB>): Promise<Demand> {
  const { rows } = await sql<Demand>`
    with all_slots as (select coalesce(sum(slots), 0)::int as n from workers),
    open as (
      select id, greatest(1, (select count(*) from (
          select from job_shards s where s.job_id = jobs.id and s.state in ('NEW', 'QUEUED', 'RUNNING') limit (select n from all_slots)) w)) as wants,
        exists (select from job_shards s where s.job_id = jobs.id and s.state = 'RUNNING') as runs
      from jobs where state in ('PENDING', 'RUNNING', 'FINISHING') and (state <> 'RUNNING' or exists (
        select from job_shards s where s.job_id = jobs.id and s.state in ('NEW', 'QUEUED', 'RUNNING'))))
    select n as slots,
      (select coalesce(jsonb_agg(parked), '[]') from workers where parked <> '{}') as parked,
      (select coalesce(jsonb_agg(jsonb_build_object('jobId', id, 'slots', wants)), '[]') from open) as wants,
      (select count(*)::int from open where not runs) as starved
    from all_slots`.execute(db)
  return rows[0]!
}
