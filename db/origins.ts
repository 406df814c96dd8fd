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
  /** Pause that this run keeps between two requests, whoever made the first: it is kept even if the run dies before it can give the host back. */
  delayMs: number
  /** Where the host is dialled; null where that is not known. */
  address: string | null
  /** Hosts at one address that may be held at the same time. */
  mostAtAddress: number
}

/** What a host has shown to all who asked it. */
export interface OriginPace {
  latencyMs: number | null
  slowedMs: number
}

export type LeaseAnswer =
  /** May be asked in `waitMs`, by nobody else until released. */
  | ({ held: true; waitMs: number } & OriginPace)
  /** Somebody else is at it, or at as many hosts of its address as may be. */
  | { held: false; busy: 'origin' | 'address' }
  /** Nobody may ask before `waitMs` are over, which is longer than the patience. */
  | { held: false; busy: false; waitMs: number }

const ms = (count: RawBuilder<unknown> | number) => sql`${count} * interval '1 ms'`

/** From when on it may be asked with a pause of `delay`: a holder that died without giving it back may have asked to the end of its lease. */
const freeAt = (delay: RawBuilder<unknown>) =>
  sql`greatest(o.next_at, now(), o.asked_at + ${ms(delay)}, case when o.lease is not null then o.leased_until + ${ms(sql`o.delay_ms`)} end)`

/**
 * Takes a host for one run: one connection to it over all jobs, workers and machines, and no request before its time. Who is refused because another holds it
 * is next in line, so that two jobs take turns. Of the hosts at one address no more are held at a time than `mostAtAddress`.
 */
export async function takeLease(db: Kysely<DB>, request: LeaseRequest): Promise<LeaseAnswer> {
  const { origin, address, mostAtAddress } = request
  if (address === null) return (await take(db, request)) ?? (await standInLine(db, request))
  return await db.transaction().execute(async (trx) => {
    // Whoever counts at this address counts alone: a lease that he gives is seen by the next.
    await sql`select pg_advisory_xact_lock(hashtextextended('mailquarry.address ' || ${address}, 0))`.execute(trx)
    const { rows } = await sql<{ full: boolean }>`
      select count(*) >= ${mostAtAddress} as full from origins
      where address = ${address}::inet and lease is not null and leased_until > now() and origin <> ${origin}`.execute(
      trx,
    )
    if (rows[0]!.full) return { held: false, busy: 'address' }
    return (await take(trx, request)) ?? (await standInLine(trx, request))
  })
}

async function take(
  db: Kysely<DB>,
  { origin, lease, workerId, patienceMs, delayMs, address }: LeaseRequest,
): Promise<LeaseAnswer | undefined> {
  const delay = sql`${Math.ceil(delayMs)}::int`
  const { rows } = await sql<{ waitMs: number } & OriginPace>`
    insert into origins as o (origin, next_at, delay_ms, leased_by, lease, leased_until, address)
    values (${origin}, now() + ${ms(delay)}, ${delay}, ${workerId}, ${lease}, now() + ${ms(leaseMs)}, ${address}::inet)
    on conflict (origin) do update set next_at = ${freeAt(sql`excluded.delay_ms`)} + ${ms(sql`excluded.delay_ms`)}, delay_ms = excluded.delay_ms,
      leased_by = excluded.leased_by, lease = excluded.lease, leased_until = excluded.leased_until, address = excluded.address,
      next_lease = nullif(o.next_lease, excluded.lease)
    where (o.leased_until is null or o.leased_until <= now()) and (o.next_lease is null or o.next_until <= now() or o.next_lease = excluded.lease)
      and ${freeAt(sql`excluded.delay_ms`)} <= now() + ${ms(patienceMs)}
    returning ${msUntil(sql`next_at - ${ms(sql`delay_ms`)}`)} as "waitMs", latency_ms as "latencyMs", slowed_ms as "slowedMs"`.execute(
    db,
  )
  return rows[0] && { held: true, ...rows[0] }
}

async function standInLine(db: Kysely<DB>, { origin, lease, patienceMs, delayMs }: LeaseRequest): Promise<LeaseAnswer> {
  const busy = { held: false, busy: 'origin' } as const
  const free = freeAt(sql`${Math.ceil(delayMs)}::int`)
  const { rows } = await sql<{ waitMs: number }>`
    update origins o set next_lease = ${lease}, next_until = now() + ${ms(nextInLineMs)}
    where origin = ${origin} and next_at <= now() + ${ms(patienceMs)} and (next_lease is null or next_until <= now() or next_lease = ${lease})
      and (leased_until > now() or ${free} <= now() + ${ms(patienceMs)})
    returning 0 as "waitMs"`.execute(db)
  if (rows[0]) return busy
  const { rows: found } = await sql<{
    waitMs: number
  }>`select ${msUntil(free)} as "waitMs" from origins o where origin = ${origin}`.execute(db)
  const waitMs = found[0]?.waitMs ?? 0
  return waitMs > patienceMs ? { held: false, busy: false, waitMs } : busy
}

/** False when the lease is lost: it had run out, and may be another's. `delayMs`: the pause that is kept by now. */
export async function renewLease(db: Kysely<DB>, origin: string, lease: string, delayMs: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update origins set leased_until = now() + ${ms(leaseMs)}, delay_ms = ${Math.ceil(delayMs)}
    where origin = ${origin} and lease = ${lease} and leased_until > now()`.execute(db)
  return numAffectedRows === 1n
}

export interface Release extends OriginPace {
  /** So long nobody may ask. */
  restMs: number
  /** So long ago the last request ended; null where none was made. */
  askedAgoMs: number | null
}

/** Gives the host back. Does nothing where the lease is lost. */
export async function releaseLease(db: Kysely<DB>, origin: string, lease: string, release: Release): Promise<void> {
  await giveBack(db, origin, lease, release, sql`true`)
}

/**
 * Gives the host back if anybody else wants it: who is next in line, or another host at an address that has as many as may be. True when it is given back;
 * false also where the lease is lost.
 */
export async function giveWay(
  db: Kysely<DB>,
  origin: string,
  lease: string,
  release: Release & { mostAtAddress: number },
): Promise<boolean> {
  return await giveBack(
    db,
    origin,
    lease,
    release,
    sql`(o.next_lease is not null and o.next_until > now() or ${release.mostAtAddress} <= (
      select count(*) from origins others where others.address = o.address and others.lease is not null and others.leased_until > now()))`,
  )
}

async function giveBack(
  db: Kysely<DB>,
  origin: string,
  lease: string,
  { restMs, askedAgoMs, latencyMs, slowedMs }: Release,
  where: RawBuilder<unknown>,
): Promise<boolean> {
  const asked = askedAgoMs === null ? sql`o.asked_at` : sql`now() - ${ms(askedAgoMs)}`
  const { numAffectedRows } = await sql`
    update origins o set next_at = now() + ${ms(Math.ceil(restMs))}, asked_at = ${asked}, latency_ms = ${latencyMs}::real, slowed_ms = ${slowedMs}::int,
      leased_by = null, lease = null, leased_until = null
    where origin = ${origin} and lease = ${lease} and ${where}`.execute(db)
  return numAffectedRows === 1n
}

/** Takes from a worker that is gone what it held. What it asked last may have been a moment ago. */
export async function clearLeases(db: Kysely<DB>, workerId: string): Promise<void> {
  await sql`
    update origins set next_at = greatest(next_at, now() + ${ms(sql`delay_ms`)}), leased_by = null, lease = null, leased_until = null
    where leased_by = ${workerId}`.execute(db)
}

function msUntil(moment: RawBuilder<unknown>) {
  return sql`greatest(0, ceil(extract(epoch from ${moment} - now()) * 1000))::float8`
}
