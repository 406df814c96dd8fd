import { type Kysely, sql } from 'kysely'

import { storableText } from './json.ts'
import { keysetClauses, type PageRequest, type RowOrder, rowPage, type RowPage } from './keyset.ts'
import { type Provenance, provenanceColumns } from './provenance.ts'
import type { DB } from './types.ts'

export interface SightingRow extends Provenance {
  address: string
  sourceKey: string
  /** Over all jobs: when this address was met on this page first and last. */
  firstSeenAt: Date
  lastSeenAt: Date
  /** It stood there when the page was read last, by whatever job; null where that is not known. */
  stillThere: boolean | null
}

/** The primary key's order: stable, and good for a page at any depth. */
export const sightingOrder: RowOrder<SightingRow> = {
  columns: [
    { column: 's.source_key', type: 'uuid' },
    { column: 's.method', type: 'text' },
  ],
  keyOf: (row) => [row.sourceKey, row.method],
}

/** Over all jobs, of a sighting `s`; index sightings_by_source. */
const seenOverJobs = sql.raw(`cross join lateral (
  select min(e.found_at) as first, max(e.found_at) as last from sightings e where e.source_key = s.source_key and e.address = s.address) seen`)

const seenColumns = sql.raw(`seen.first as "firstSeenAt", seen.last as "lastSeenAt", (
  select exists (
    select 1 from sightings t where t.source_key = s.source_key and t.address = s.address and t.job_id = r.job_id)
  from page_reads r where r.url_key = s.source_key) as "stillThere"`)

/** The same page of the sightings of several addresses of a job, in one statement. */
export async function listSightings(
  db: Kysely<DB>,
  jobId: number,
  addresses: readonly string[],
  page: PageRequest,
): Promise<Map<string, RowPage<SightingRow>>> {
  const { ranges, orderBy } = keysetClauses(sightingOrder.columns, page)
  const { rows } = await sql<SightingRow>`
    select p.* from unnest(${addresses}::text[]) w(address) cross join lateral (
      select s.address, s.source_key as "sourceKey", ${provenanceColumns('s')}, ${seenColumns}
      from sightings s ${seenOverJobs}
      where s.job_id = ${jobId} and s.address = w.address collate "C" and ${ranges[0]!} order by ${orderBy} limit ${page.limit + 1}) p`.execute(
    db,
  )
  const found = Map.groupBy(rows, (row) => row.address)
  return new Map(addresses.map((address) => [address, rowPage(found.get(address) ?? [], page)]))
}

export async function countSightings(
  db: Kysely<DB>,
  jobId: number,
  addresses: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ address: string; n: number }>`
    select address, count(*) as n from sightings where job_id = ${jobId} and address = any(${addresses}::text[])
    group by address`.execute(db)
  return new Map(rows.map((row) => [row.address, row.n]))
}

/** Where an address was met by the jobs of an owner, the latest first. Index sightings_by_address. */
export async function sightingsOfOwner(
  db: Kysely<DB>,
  owner: string,
  address: string,
  limit: number,
): Promise<SightingRow[]> {
  const { rows } = await sql<SightingRow>`
    select s.address, s.source_key as "sourceKey", ${provenanceColumns('s')}, ${seenColumns}
    from (
      select s.* from sightings s join jobs j on j.id = s.job_id
      where s.address = ${storableText(address)} and j.owner = ${owner} and j.state <> 'DELETED'
      order by s.found_at desc, s.job_id desc, s.source_key, s.method limit ${limit}) s ${seenOverJobs}
    order by s.found_at desc, s.job_id desc, s.source_key, s.method`.execute(db)
  return rows
}
