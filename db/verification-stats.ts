import { type Kysely, type RawBuilder, sql } from 'kysely'

import { storableText } from './json.ts'
import type { DB, VerdictsDepth, VerdictsStatus } from './types.ts'

/** Which verdicts are counted: those of a job's list, or of every address the one that says most; of a domain alone. */
export interface StatsScope {
  jobId?: number | undefined
  domain?: string | undefined
}

export interface ReasonCount {
  status: VerdictsStatus
  reason: string
  count: number
}

export interface GroupCounts {
  /** What they have in common: a domain, an organisation, a day. */
  name: string
  count: number
  valid: number
  risky: number
  invalid: number
  unknown: number
}

export async function countByReason(db: Kysely<DB>, scope: StatsScope): Promise<ReasonCount[]> {
  const { rows } = await sql<ReasonCount>`
    select v.status, v.reason, count(*) as count from ${counted(scope)} v group by v.status, v.reason order by count desc, v.reason`.execute(
    db,
  )
  return rows
}

export interface DepthCount {
  depth: VerdictsDepth
  count: number
}

/** How far the checks went, the deepest first. */
export async function countByDepth(db: Kysely<DB>, scope: StatsScope): Promise<DepthCount[]> {
  const { rows } = await sql<DepthCount>`
    select v.depth, count(*) as count from ${counted(scope)} v group by v.depth
    order by array_position(array['SMTP', 'DNS', 'SYNTAX'], v.depth)`.execute(db)
  return rows
}

/** The domains with the most addresses. */
export function countByDomain(db: Kysely<DB>, scope: StatsScope, limit: number): Promise<GroupCounts[]> {
  return grouped(db, sql`${counted(scope)} v`, sql`v.domain`, sql`v.domain <> ''`, sql`count desc, name`, limit)
}

/** Those who run the mail hosts of the most addresses. */
export function countByMxOrganisation(db: Kysely<DB>, scope: StatsScope, limit: number): Promise<GroupCounts[]> {
  const from = sql`${counted(scope)} v join domain_facts f on f.domain = v.domain`
  return grouped(db, from, sql`f.mx_organisation`, sql`f.mx_organisation is not null`, sql`count desc, name`, limit)
}

/** By the day (UTC) on which they were checked, the latest days in their order. */
export async function countByDay(db: Kysely<DB>, scope: StatsScope, limit: number): Promise<GroupCounts[]> {
  const day = sql`to_char(v.checked_at at time zone 'UTC', 'YYYY-MM-DD')`
  const latest = await grouped(db, sql`${counted(scope)} v`, day, sql`true`, sql`name desc`, limit)
  return latest.toReversed()
}

async function grouped(
  db: Kysely<DB>,
  from: RawBuilder<unknown>,
  name: RawBuilder<unknown>,
  where: RawBuilder<unknown>,
  order: RawBuilder<unknown>,
  limit: number,
): Promise<GroupCounts[]> {
  const { rows } = await sql<GroupCounts>`
    select ${name} as name, count(*) as count, count(*) filter (where v.status = 'VALID') as valid, count(*) filter (where v.status = 'RISKY') as risky,
      count(*) filter (where v.status = 'INVALID') as invalid, count(*) filter (where v.status = 'UNKNOWN') as unknown
    from ${from} where ${where} group by 1 order by ${order} limit ${limit}`.execute(db)
  return rows
}

function counted({ jobId, domain }: StatsScope): RawBuilder<unknown> {
  const only = domain === undefined ? sql`true` : sql`domain = ${storableText(domain)}`
  if (jobId !== undefined)
    return sql`(select domain, status, reason, depth, checked_at from job_verifications where job_id = ${jobId} and ${only})`
  return sql`(
    select distinct on (address) domain, status, reason, depth, checked_at from verdicts where ${only}
    order by address, failed, array_position(array['SMTP', 'DNS', 'SYNTAX'], depth), checked_at desc)`
}
