import { type Kysely, type RawBuilder, sql } from 'kysely'

import { inALabels } from './a-labels.ts'
import { storableText } from './json.ts'
import {
  allOf,
  contains,
  containsLower,
  keysetPage,
  type OrderColumn,
  type PageRequest,
  type RowOrder,
  type RowPage,
} from './keyset.ts'
import { type Provenance, provenanceColumns } from './provenance.ts'
import type { DB } from './types.ts'

/** An address of a job, with its best sighting. */
export interface JobAddressRow extends Provenance {
  jobId: number
  address: string
  domain: string
  /** The order in which addresses were committed: the job's steps with its commit group (read for that order only), the group, the place in it. */
  step: number
  groupId: number
  place: number
}

export interface JobAddressFilter {
  /** Part of the address, the person, the position or the organisation. */
  text?: string | undefined
  domain?: string | undefined
  qualities?: string[] | undefined
  methods?: string[] | undefined
  /** Parts of these. */
  person?: string | undefined
  position?: string | undefined
  organisation?: string | undefined
}

export type JobAddressOrder = 'FOUND' | 'ADDRESS' | 'DOMAIN' | 'CONFIDENCE'

const address: OrderColumn = { column: 'a.address', type: 'text' }

export const jobAddressOrders: Record<JobAddressOrder, RowOrder<JobAddressRow>> = {
  FOUND: {
    columns: [
      { column: 'g.step', type: 'bigint' },
      { column: 'g.group_id', type: 'bigint' },
      { column: 'a.place', type: 'integer' },
    ],
    keyOf: (row) => [row.step, row.groupId, row.place],
  },
  ADDRESS: { columns: [address], keyOf: (row) => [row.address] },
  DOMAIN: { columns: [{ column: 'a.domain', type: 'text' }, address], keyOf: (row) => [row.domain, row.address] },
  CONFIDENCE: {
    columns: [{ column: 'a.confidence', type: 'real', desc: true }, address],
    keyOf: (row) => [row.confidence, row.address],
  },
}

/** All but the step, of job_addresses under an alias. */
export function addressColumns(alias: string): RawBuilder<unknown> {
  const own = ['job_id as "jobId"', 'address', 'domain', 'group_id as "groupId"', 'place']
  return sql`${sql.raw(own.map((column) => `${alias}.${column}`).join(', '))}, ${provenanceColumns(alias)}`
}

/** Each address of a job once. */
export function listJobAddresses(
  db: Kysely<DB>,
  jobId: number,
  filter: JobAddressFilter,
  order: JobAddressOrder,
  page: PageRequest,
): Promise<RowPage<JobAddressRow>> {
  const where = matchingAddresses(jobId, filter)
  const { columns } = jobAddressOrders[order]
  if (order !== 'FOUND')
    return keysetPage(
      db,
      sql`select ${addressColumns('a')}, 0 as step from job_addresses a where ${where}`,
      columns,
      page,
    )
  // A key over two tables starts no index scan: its first column alone does.
  const from = page.backward ? page.before : page.after
  const start = from ? sql` and g.step ${sql.raw(page.backward ? '<=' : '>=')} ${from[0]}::bigint` : sql``
  const base = sql`select ${addressColumns('a')}, g.step from job_groups g
    join job_addresses a on a.job_id = g.job_id and a.group_id = g.group_id where g.job_id = ${jobId}${start} and ${where}`
  return keysetPage(db, base, columns, page)
}

export async function countJobAddresses(db: Kysely<DB>, jobId: number, filter: JobAddressFilter): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from job_addresses a where ${matchingAddresses(jobId, filter)}`.execute(db)
  return rows[0]!.n
}

/** How many rows have one value in a column. */
export interface FacetCount {
  value: string
  count: number
}

export interface JobAddressFacets {
  /** Rows that were counted. */
  counted: number
  /** False where there are more than `most`: then the counts are of the first of them. */
  exact: boolean
  quality: FacetCount[]
  method: FacetCount[]
  /** The largest. */
  domain: FacetCount[]
}

const shownDomains = 12

/** Counts by value of what the filter lets through, over at most `most` rows, so that a job of millions answers as soon as others. */
export async function countJobAddressFacets(
  db: Kysely<DB>,
  jobId: number,
  filter: JobAddressFilter,
  most: number,
): Promise<JobAddressFacets> {
  const { rows } = await sql<{ facet: 'quality' | 'method' | 'domain'; value: string; count: number }>`
    with combined as materialized (
      select quality, method, domain, count(*) as n from (
        select a.quality, a.method, a.domain from job_addresses a where ${matchingAddresses(jobId, filter)} limit ${most + 1}) part
      group by quality, method, domain),
    sets as (
      select quality, method, domain, sum(n)::bigint as count from combined group by grouping sets ((quality), (method), (domain)))
    select * from (
      select case when quality is not null then 'quality' when method is not null then 'method' else 'domain' end as facet,
        coalesce(quality, method, domain) as value, count,
        row_number() over (partition by quality is null, method is null order by count desc, domain) as rank
      from sets) ranked
    where facet <> 'domain' or rank <= ${shownDomains} order by count desc, value`.execute(db)
  const of = (facet: string) => rows.filter((row) => row.facet === facet).map(({ value, count }) => ({ value, count }))
  const quality = of('quality')
  const counted = quality.reduce((sum, { count }) => sum + count, 0)
  return { counted, exact: counted <= most, quality, method: of('method'), domain: of('domain') }
}

/** Conditions on job_addresses as `a`. */
export function matchingAddresses(jobId: number, filter: JobAddressFilter): RawBuilder<unknown> {
  const conditions = [sql`a.job_id = ${jobId}`]
  if (filter.domain) conditions.push(sql`a.domain = ${storableText(inALabels(filter.domain))}`)
  if (filter.qualities) conditions.push(sql`a.quality = any(${filter.qualities}::text[])`)
  if (filter.methods) conditions.push(sql`a.method = any(${filter.methods.map(storableText)}::text[])`)
  for (const [column, part] of [
    ['a.person_name', filter.person],
    ['a.position', filter.position],
    ['a.organisation', filter.organisation],
  ] as const)
    if (part) conditions.push(contains(column, part))
  if (filter.text) {
    const { text } = filter
    // Addresses are stored in lower case, and LIKE is several times as quick as ILIKE.
    const places = ['a.person_name', 'a.position', 'a.organisation'].map((column) => contains(column, text))
    conditions.push(sql`(${sql.join([containsLower('a.address', text), ...places], sql` or `)})`)
  }
  return allOf(conditions)
}
