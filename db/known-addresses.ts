import { type Kysely, type RawBuilder, sql } from 'kysely'

import { inALabels } from './a-labels.ts'
import type { FacetCount } from './address-list.ts'
import { storableText } from './json.ts'
import { allOf, containsLower, keysetPage, type PageRequest, type RowOrder, type RowPage } from './keyset.ts'
import type { DB, SightingsQuality } from './types.ts'

/** An address that jobs of one owner have met. */
export interface KnownAddressRow {
  address: string
  domain: string
  firstSeenAt: Date
  /** `firstSeenAt` with its microseconds, for cursors. */
  firstSeenKey: string
}

export interface KnownAddressFilter {
  /** Part of the address. */
  text?: string | undefined
  domain?: string | undefined
  /** Met with any of these. */
  qualities?: string[] | undefined
  methods?: string[] | undefined
}

export type KnownAddressOrder = 'ADDRESS' | 'DOMAIN' | 'FIRST_SEEN'

export const knownAddressOrders: Record<KnownAddressOrder, RowOrder<KnownAddressRow>> = {
  ADDRESS: { columns: [{ column: 'a.address', type: 'text' }], keyOf: (row) => [row.address] },
  DOMAIN: {
    columns: [
      { column: 'a.domain', type: 'text' },
      { column: 'a.address', type: 'text' },
    ],
    keyOf: (row) => [row.domain, row.address],
  },
  FIRST_SEEN: {
    columns: [
      { column: 'a.first_seen_at', type: 'timestamptz', desc: true },
      { column: 'a.address', type: 'text', desc: true },
    ],
    keyOf: (row) => [row.firstSeenKey, row.address],
  },
}

/** The primary key, or index addresses_by_domain or addresses_by_first_seen; for each address a look at sightings_by_address. */
export function listKnownAddresses(
  db: Kysely<DB>,
  owner: string,
  filter: KnownAddressFilter,
  order: KnownAddressOrder,
  page: PageRequest,
): Promise<RowPage<KnownAddressRow>> {
  const base = sql`select ${columns} from addresses a where ${matchingKnownAddresses(owner, filter)}`
  return keysetPage(db, base, knownAddressOrders[order].columns, page)
}

export async function findKnownAddress(
  db: Kysely<DB>,
  owner: string,
  address: string,
): Promise<KnownAddressRow | undefined> {
  const { rows } = await sql<KnownAddressRow>`
    select ${columns} from addresses a where a.address = ${storableText(address)} and ${isMetBy(owner)}`.execute(db)
  return rows[0]
}

export async function countKnownAddresses(db: Kysely<DB>, owner: string, filter: KnownAddressFilter): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from addresses a where ${matchingKnownAddresses(owner, filter)}`.execute(db)
  return rows[0]!.n
}

export interface KnownAddressFacets {
  counted: number
  /** False where there are more than `most`: then the counts are of the first of them. */
  exact: boolean
  /** By the best sighting of each. */
  quality: FacetCount[]
  domain: FacetCount[]
}

const shownDomains = 12

/** Counts over at most `most` addresses that the filter lets through. */
export async function countKnownAddressFacets(
  db: Kysely<DB>,
  owner: string,
  filter: KnownAddressFilter,
  most: number,
): Promise<KnownAddressFacets> {
  const { rows } = await sql<{ facet: 'quality' | 'domain'; value: string; count: number }>`
    with part as materialized (
      select a.domain, b.quality from (
        select a.address, a.domain from addresses a where ${matchingKnownAddresses(owner, filter)} limit ${most + 1}) a
      cross join lateral (
        select s.quality from sightings s join jobs j on j.id = s.job_id
        where s.address = a.address and j.owner = ${owner} and j.state <> 'DELETED' order by s.confidence desc limit 1) b)
    (select 'quality' as facet, quality as value, count(*) as count from part group by quality)
    union all
    (select 'domain', domain, count(*) from part group by domain order by count(*) desc, domain limit ${shownDomains})`.execute(
    db,
  )
  const of = (facet: string) =>
    rows
      .filter((row) => row.facet === facet)
      .map(({ value, count }) => ({ value, count }))
      .toSorted((a, b) => b.count - a.count)
  const quality = of('quality')
  const counted = quality.reduce((sum, { count }) => sum + count, 0)
  return { counted, exact: counted <= most, quality, domain: of('domain') }
}

/** What is known of an address over all jobs of its viewer. */
export interface AddressSummary {
  /** At most `summarised`, which then stands for "or more"; so do the jobs. */
  sightings: number
  jobs: number
  quality: SightingsQuality
  confidence: number
  lastSeenAt: Date
  personName: string | null
  organisation: string | null
}

/** So many sightings of an address are looked at, the newest: some stand on every page of a site. */
export const summarised = 1_000

export async function summariseAddresses(
  db: Kysely<DB>,
  owner: string,
  addresses: readonly string[],
): Promise<Map<string, AddressSummary>> {
  const { rows } = await sql<AddressSummary & { address: string }>`
    select w.address, b.* from unnest(${addresses}::text[]) w(address) cross join lateral (
      select count(*) as sightings, count(distinct job_id) as jobs, max(found_at) as "lastSeenAt",
        (array_agg(quality order by confidence desc))[1] as quality, max(confidence) as confidence,
        (array_agg(person_name order by confidence desc) filter (where person_name is not null))[1] as "personName",
        (array_agg(organisation order by confidence desc) filter (where organisation is not null))[1] as organisation
      from (
        select s.* from sightings s join jobs j on j.id = s.job_id
        where s.address = w.address collate "C" and j.owner = ${owner} and j.state <> 'DELETED'
        order by s.found_at desc limit ${summarised}) s) b
    where b.sightings > 0`.execute(db)
  return new Map(rows.map(({ address, ...summary }) => [address, summary]))
}

const columns = sql.raw(
  'a.address, a.domain, a.first_seen_at as "firstSeenAt", a.first_seen_at::text as "firstSeenKey"',
)

/** Conditions on addresses as `a`. */
export function matchingKnownAddresses(owner: string, filter: KnownAddressFilter): RawBuilder<unknown> {
  const conditions = [isMetBy(owner, filter)]
  if (filter.domain) conditions.push(sql`a.domain = ${storableText(inALabels(filter.domain))}`)
  if (filter.text) conditions.push(containsLower('a.address', filter.text))
  return allOf(conditions)
}

/** Addresses are shared by all; each owner knows of those that own jobs have met. */
function isMetBy(owner: string, { qualities, methods }: KnownAddressFilter = {}): RawBuilder<unknown> {
  const quality = qualities ? sql`and s.quality = any(${qualities}::text[])` : sql``
  const method = methods ? sql`and s.method = any(${methods.map(storableText)}::text[])` : sql``
  // Without an offset the planner may turn it into a join that reads all sightings.
  return sql`exists (select 1 from sightings s join jobs j on j.id = s.job_id
    where s.address = a.address and j.owner = ${owner} and j.state <> 'DELETED' ${quality} ${method} offset 0)`
}
