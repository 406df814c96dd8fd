import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

/** Of each address so many of its sightings are looked at, the latest. */
const mostSightings = 200

/** What the sightings of an address come to, over all jobs. */
export interface SeenAddress {
  address: string
  /** Different pages and files. */
  sources: number
  lastSeenAt: Date
  /** It was never met anywhere: all it comes from is a generator. */
  generatedOnly: boolean
  /** Hosts of pages on which it was met, and of those on which it still stood when they were read last. */
  hosts: string[]
  hostsStill: string[]
  /** Whose it is, where pages said so. */
  names: string[]
}

/** By address, of those that were met at all. Index sightings_by_address. */
export async function seenAddresses(db: Kysely<DB>, addresses: readonly string[]): Promise<Map<string, SeenAddress>> {
  // Who only verifies has met none.
  const { rows: some } = await sql<{ exists: boolean }>`select exists (select from sightings)`.execute(db)
  if (!some[0]!.exists) return new Map()
  const { rows } = await sql<SeenAddress>`
    select w.address, count(distinct s.source_key) as sources, max(s.found_at) as "lastSeenAt", bool_and(s.method = 'generated') as "generatedOnly",
      array_agg(distinct s.host) as hosts, coalesce(array_agg(distinct s.host) filter (where s.still), '{}') as "hostsStill",
      coalesce(array_agg(distinct s.person_name) filter (where s.person_name is not null), '{}') as names
    from unnest(${addresses}::text[]) w(address) cross join lateral (
      select t.source_key, t.found_at, t.method, t.person_name, lower(coalesce(substring(t.source_url from '^https?://([^/:?#]+)'), '')) as host,
        exists (
          select from page_reads r join sightings o on o.job_id = r.job_id and o.address = t.address and o.source_key = r.url_key
          where r.url_key = t.source_key) as still
      from sightings t where t.address = w.address collate "C" order by t.found_at desc limit ${mostSightings}) s
    group by w.address`.execute(db)
  return new Map(rows.map((row) => [row.address, row]))
}
