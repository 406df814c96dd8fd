import { type Kysely, sql } from 'kysely'

import { leaveUncertain } from './service-calls.ts'
import type { DB } from './types.ts'

/** Who checks holds an address for so long, by the database's clock; a worker that dies gives it back at once. */
const leaseMs = 300_000

export interface CheckedBy {
  depth: string
  engine: string
}

/** Claims those of the addresses that nobody else is checking: one check, whoever asks. */
export async function claimAddresses(
  db: Kysely<DB>,
  addresses: readonly string[],
  { depth, engine, workerId, lease }: CheckedBy & { workerId: string; lease: string },
): Promise<string[]> {
  if (addresses.length === 0) return []
  const { rows } = await sql<{ address: string }>`
    insert into verification_claims as c (address, depth, engine, worker_id, lease, leased_until)
    select n.address, ${depth}::text, ${engine}::text, ${workerId}::text, ${lease}::uuid, now() + ${leaseMs} * interval '1 ms'
    from unnest(${addresses}::text[]) n(address) order by n.address collate "C"
    on conflict (address, depth, engine) do update set worker_id = excluded.worker_id, lease = excluded.lease, leased_until = excluded.leased_until
    where c.leased_until <= now()
    returning address`.execute(db)
  return rows.map(({ address }) => address)
}

/** Holds claims for longer. */
export async function renewClaims(db: Kysely<DB>, workerId: string, lease: string): Promise<void> {
  await sql`
    with mine as (
      select address, depth, engine from verification_claims where worker_id = ${workerId} and lease = ${lease}::uuid order by address, depth, engine for update)
    update verification_claims c set leased_until = now() + ${leaseMs} * interval '1 ms' from mine
    where c.address = mine.address and c.depth = mine.depth and c.engine = mine.engine`.execute(db)
}

/** Gives claims back: those of these addresses, or all of the lease. */
export async function releaseClaims(
  db: Kysely<DB>,
  workerId: string,
  lease: string,
  addresses?: readonly string[],
): Promise<void> {
  const which = addresses ? sql`address = any(${addresses}::text[])` : sql`true`
  await sql`
    with mine as (
      select address, depth, engine from verification_claims where worker_id = ${workerId} and lease = ${lease}::uuid and ${which}
      order by address, depth, engine for update)
    delete from verification_claims c using mine where c.address = mine.address and c.depth = mine.depth and c.engine = mine.engine`.execute(
    db,
  )
}

/** Gives back whatever a worker had claimed: addresses, connections to mail hosts, and domains. */
export async function releaseClaimsOf(db: Kysely<DB>, workerId: string): Promise<void> {
  await sql`
    with gone as (
      select address, depth, engine from verification_claims where worker_id = ${workerId} order by address, depth, engine for update)
    delete from verification_claims c using gone where c.address = gone.address and c.depth = gone.depth and c.engine = gone.engine`.execute(
    db,
  )
  await leaveUncertain(db, workerId)
  await sql`delete from mx_connections where worker_id = ${workerId}`.execute(db)
  await sql`
    with gone as (select domain from domain_facts where worker_id = ${workerId} order by domain for update)
    update domain_facts f set worker_id = null, lease = null, leased_until = null from gone where f.domain = gone.domain`.execute(
    db,
  )
}
