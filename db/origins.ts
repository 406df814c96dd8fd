import { type Kysely, type RawBuilder, sql } from 'kysely'

import type { DB } from './types.ts'

/** A dead worker holds a host for no longer than this; the living renew their lease well before. */
export const leaseMs = 8_000
/** Who is next in line keeps that place for so long without asking again. */
const nextInLineMs = 3_000

export interface LeaseRequest {
  /** Host name, with the port where it is not the scheme's own. */
  origin: string
  /** Names the run that asks; a fresh UUID each. */
  lease: string
  workerId: string
  /** Most to wait with the lease in hand. */
  patienceMs: number
  /** Pause that is due after a request: it is kept even if the run dies before it can give the host back. */
  delayMs: number
}

export type LeaseAnswer =
  /** May be asked in `waitMs`, by nobody else until released. */
  | { held: true; waitMs: number }
  /** Somebody else is at it. */
  | { held: false; busy: true }
  /** Nobody may ask before `waitMs` are over, which is longer than the patience. */
  | { held: false; busy: false; waitMs: number }

/**
 * Takes a host for one run: one connection to it over all jobs, workers and machines, and no request before its time. Who is refused because another holds it
 * is next in line, so that two jobs take turns.
 */
export async function takeLease(
  db: Kysely<DB>,
  { origin, lease, workerId, patienceMs, delayMs }: LeaseRequest,
): Promise<LeaseAnswer> {
  const delay = sql`${Math.ceil(delayMs)}::int`
  const { rows } = await sql<{ waitMs: number }>`
    insert into origins as o (origin, next_at, delay_ms, leased_by, lease, leased_until)
    values (${origin}, now() + ${delay} * interval '1 ms', ${delay}, ${workerId}, ${lease}, now() + ${leaseMs} * interval '1 ms')
    on conflict (origin) do update set next_at = greatest(o.next_at, now()) + excluded.delay_ms * interval '1 ms', delay_ms = excluded.delay_ms,
      leased_by = excluded.leased_by, lease = excluded.lease, leased_until = excluded.leased_until, next_lease = nullif(o.next_lease, excluded.lease)
    where (o.leased_until is null or o.leased_until <= now()) and (o.next_lease is null or o.next_until <= now() or o.next_lease = excluded.lease)
      and o.next_at <= now() + ${patienceMs} * interval '1 ms'
    returning ${msUntil(sql`next_at - delay_ms * interval '1 ms'`)} as "waitMs"`.execute(db)
  if (rows[0]) return { held: true, waitMs: rows[0].waitMs }
  return await standInLine(db, origin, lease, patienceMs)
}

async function standInLine(db: Kysely<DB>, origin: string, lease: string, patienceMs: number): Promise<LeaseAnswer> {
  const { rows } = await sql<{ waitMs: number }>`
    update origins set next_lease = ${lease}, next_until = now() + ${nextInLineMs} * interval '1 ms'
    where origin = ${origin} and next_at <= now() + ${patienceMs} * interval '1 ms' and (next_lease is null or next_until <= now() or next_lease = ${lease})
    returning 0 as "waitMs"`.execute(db)
  if (rows[0]) return { held: false, busy: true }
  const { rows: found } = await sql<{
    waitMs: number
  }>`select ${msUntil(sql`next_at`)} as "waitMs" from origins where origin = ${origin}`.execute(db)
  const waitMs = found[0]?.waitMs ?? 0
  return waitMs > patienceMs ? { held: false, busy: false, waitMs } : { held: false, busy: true }
}

/** False when the lease is lost: it had run out, and may be another's. */
export async function renewLease(db: Kysely<DB>, origin: string, lease: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update origins set leased_until = now() + ${leaseMs} * interval '1 ms'
    where origin = ${origin} and lease = ${lease} and leased_until > now()`.execute(db)
  return numAffectedRows === 1n
}

/** Gives the host back; it may be asked again in `restMs`. Does nothing where the lease is lost. */
export async function releaseLease(db: Kysely<DB>, origin: string, lease: string, restMs: number): Promise<void> {
  await sql`
    update origins set next_at = now() + ${Math.ceil(restMs)}::int * interval '1 ms', leased_by = null, lease = null, leased_until = null
    where origin = ${origin} and lease = ${lease}`.execute(db)
}

function msUntil(moment: RawBuilder<unknown>) {
  return sql`greatest(0, ceil(extract(epoch from ${moment} - now()) * 1000))::float8`
}
