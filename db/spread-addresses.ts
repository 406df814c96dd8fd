import { sql, type Transaction } from 'kysely'

import type { DB, SightingsQuality } from './types.ts'

/** An address that a crawl met on many domains, with its best sighting. */
export interface SpreadAddress {
  address: string
  domain: string
  sourceKey: string
  method: string
  confidence: number
  /** Different, as `pages.domain` has them; in order. */
  domains: string[]
}

/** Addresses of a crawl that stand on pages of at least `least` domains. In the order of the addresses. */
export async function spreadAddresses(trx: Transaction<DB>, jobId: number, least: number): Promise<SpreadAddress[]> {
  // An address on fewer pages than that needs no join: most of them.
  const { rows } = await sql<SpreadAddress>`
    with often as (select address from sightings where job_id = ${jobId} group by address having count(distinct source_key) >= ${least}::integer),
    spread as (
      select o.address, array_agg(distinct p.domain order by p.domain) as domains
      from often o join sightings s on s.job_id = ${jobId} and s.address = o.address
      join pages p on p.job_id = ${jobId} and p.url_key = s.source_key
      group by o.address having count(distinct p.domain) >= ${least}::integer)
    select spread.address, a.domain, spread.domains, best.source_key as "sourceKey", best.method, best.confidence
    from spread join addresses a using (address) cross join lateral (
      select s.source_key, s.method, s.confidence from sightings s where s.job_id = ${jobId} and s.address = spread.address
      order by s.confidence desc, s.source_url collate "C", s.method collate "C" limit 1) best
    order by spread.address`.execute(trx)
  return rows
}

export interface Regrading extends SpreadAddress {
  quality: SightingsQuality | null
  /** Null: as the sighting says. */
  reason: string | null
}

/** Sets addresses of a job to the sightings that are named, with another confidence, its grade and the reason for it. A second call changes nothing. */
export async function regradeAddresses(
  trx: Transaction<DB>,
  jobId: number,
  regraded: readonly Regrading[],
): Promise<void> {
  if (regraded.length === 0) return
  await sql`
    update job_addresses a set confidence = n.confidence, quality = coalesce(n.quality, s.quality),
      reasons = case when n.reason is null then s.reasons else array_append(s.reasons, n.reason) end,
      source_url = s.source_url, method = s.method, snippet = s.snippet, person_name = s.person_name, position = s.position, phone = s.phone,
      organisation = s.organisation, worker_id = s.worker_id
    from unnest(${regraded.map((r) => r.address)}::text[], ${regraded.map((r) => r.sourceKey)}::uuid[], ${regraded.map((r) => r.method)}::text[],
      ${regraded.map((r) => r.confidence)}::real[], ${regraded.map((r) => r.quality)}::text[], ${regraded.map((r) => r.reason)}::text[])
      n(address, source_key, method, confidence, quality, reason)
    join sightings s on s.job_id = ${jobId} and s.address = n.address collate "C" and s.source_key = n.source_key and s.method = n.method
    where a.job_id = ${jobId} and a.address = s.address`.execute(trx)
}
