import { type Kysely, type RawBuilder, sql } from 'kysely'

import { inALabels } from './a-labels.ts'
import { storableText } from './json.ts'
import { allOf, contains, keysetPage, type PageRequest, type RowOrder, type RowPage } from './keyset.ts'
import type { DB } from './types.ts'
import { verdictColumns, type VerdictRow } from './verdicts.ts'

/** An address with a verdict. */
export interface VerificationRow extends VerdictRow {
  address: string
  /** Empty for what is no address. */
  domain: string
}

/** An address of a job's list with its verdict. */
export interface JobVerificationRow extends VerificationRow {
  /** In the list, from 0. */
  position: number
  fromStore: boolean
}

export interface VerificationFilter {
  statuses?: string[] | undefined
  reasons?: string[] | undefined
  domain?: string | undefined
  /** Part of the address. */
  text?: string | undefined
}

export type JobVerificationOrder = 'INPUT' | 'DOMAIN'

export const jobVerificationOrders: Record<JobVerificationOrder, RowOrder<JobVerificationRow>> = {
  INPUT: { columns: [{ column: 'v.position', type: 'bigint' }], keyOf: (row) => [row.position] },
  DOMAIN: {
    columns: [
      { column: 'v.domain', type: 'text' },
      { column: 'v.address', type: 'text' },
    ],
    keyOf: (row) => [row.domain, row.address],
  },
}

/** Each different address of a job's list that has its verdict. */
export function listJobVerifications(
  db: Kysely<DB>,
  jobId: number,
  filter: VerificationFilter,
  order: JobVerificationOrder,
  page: PageRequest,
): Promise<RowPage<JobVerificationRow>> {
  const base = sql`
    select ${jobVerificationColumns('v')} from job_verifications v where ${matchingVerifications(jobId, filter)}`
  return keysetPage(db, base, jobVerificationOrders[order].columns, page)
}

export async function countJobVerifications(
  db: Kysely<DB>,
  jobId: number,
  filter: VerificationFilter,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from job_verifications v where ${matchingVerifications(jobId, filter)}`.execute(db)
  return rows[0]!.n
}

/** Of job_verifications under an alias. */
export function jobVerificationColumns(alias: string): RawBuilder<unknown> {
  const own = ['address', 'domain', 'position', 'from_store as "fromStore"']
  return sql`${sql.raw(own.map((column) => `${alias}.${column}`).join(', '))}, ${verdictColumns(alias)}`
}

/** Conditions on job_verifications as `v`. */
export function matchingVerifications(
  jobId: number,
  { statuses, reasons, domain, text }: VerificationFilter,
): RawBuilder<unknown> {
  const conditions = [sql`v.job_id = ${jobId}`]
  // One status is a range of an index that has the order of the list.
  if (statuses)
    conditions.push(statuses.length === 1 ? sql`v.status = ${statuses[0]}` : sql`v.status = any(${statuses}::text[])`)
  if (reasons) conditions.push(sql`v.reason = any(${reasons}::text[])`)
  if (domain !== undefined) conditions.push(sql`v.domain = ${storableText(inALabels(domain))}`)
  if (text) conditions.push(contains('v.address', text))
  return allOf(conditions)
}

export interface EvidenceOf {
  address: string
  depth: string
  engine: string
  checkedAt: Date
}

/** What verdicts rest on besides the text, in the order of the questions; null where that is nothing, or was not kept. */
export async function evidenceOf(db: Kysely<DB>, verdicts: readonly EvidenceOf[]): Promise<unknown[]> {
  const facts = sql`coalesce(
    (select f.route from domain_facts f where f.domain = split_part(n.address, '@', -1) collate "C" and f.asked_at = k.facts_at),
    (select h.route from domain_fact_history h where h.domain = split_part(n.address, '@', -1) collate "C" and h.asked_at = k.facts_at))`
  const { rows } = await sql<{ evidence: Record<string, unknown> | null; factsAt: Date | null; route: unknown }>`
    select k.evidence, k.facts_at as "factsAt", ${facts} as route from unnest(${verdicts.map(({ address }) => storableText(address))}::text[], ${verdicts.map(({ depth }) => depth)}::text[],
      ${verdicts.map(({ engine }) => engine)}::text[], ${verdicts.map(({ checkedAt }) => checkedAt)}::timestamptz[])
      with ordinality n(address, depth, engine, checked_at, place)
    left join lateral (
      select v.evidence, v.facts_at from verdicts v
        where v.address = n.address collate "C" and v.depth = n.depth and v.engine = n.engine and v.checked_at = n.checked_at
      union all
      select h.evidence, h.facts_at from verdict_history h
        where h.address = n.address collate "C" and h.checked_at = n.checked_at and h.depth = n.depth and h.engine = n.engine limit 1) k on true
    order by n.place`.execute(db)
  return rows.map(({ evidence, factsAt, route }, i) => {
    if (factsAt === null) return evidence
    const domain = verdicts[i]!.address.slice(verdicts[i]!.address.lastIndexOf('@') + 1)
    // Those that say more of the domain have it in their evidence.
    return { ...evidence, domain: { domain, at: factsAt.toISOString(), route, disposable: false, catchAll: null } }
  })
}

/** The verdict that says most of each address: one that could be made before one that could not, the deepest, of those the latest. */
export async function bestVerdicts(
  db: Kysely<DB>,
  addresses: readonly string[],
): Promise<Map<string, VerificationRow>> {
  const { rows } = await sql<VerificationRow>`
    select distinct on (v.address) v.address, v.domain, ${verdictColumns('v')} from verdicts v
    where v.address = any(${addresses.map(storableText)}::text[])
    order by v.address, ${telling('v')}`.execute(db)
  return new Map(rows.map((row) => [row.address, row]))
}

/** Sorts the most telling verdict of an address to the front. */
function telling(table: string): RawBuilder<unknown> {
  return sql.raw(
    `${table}.failed, array_position(array['SMTP', 'DNS', 'SYNTAX'], ${table}.depth), ${table}.checked_at desc, ${table}.engine`,
  )
}

/** All verdicts that an address ever had, the latest first. */
export async function verdictsOf(db: Kysely<DB>, address: string, limit: number): Promise<VerificationRow[]> {
  const text = storableText(address)
  const { rows } = await sql<VerificationRow>`
    select ${text}::text as address, split_part(${text}::text, '@', -1) as domain, a.* from (
      (select ${verdictColumns('v')} from verdicts v where v.address = ${text})
      union all
      (select ${verdictColumns('h')} from verdict_history h where h.address = ${text} order by h.checked_at desc limit ${limit})) a
    order by a."checkedAt" desc, a.depth, a.engine limit ${limit}`.execute(db)
  return rows
}
