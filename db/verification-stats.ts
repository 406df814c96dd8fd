import { type Kysely, type RawBuilder, sql } from 'kysely'

import { inALabels } from './a-labels.ts'
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
  /** Of these, entries of the list that are no addresses. */
  notAddresses: number
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

export interface DepthCount {
  depth: VerdictsDepth
  count: number
}

export interface VerificationSums {
  total: number
  /** By status and reason, the most frequent first. */
  byReason: ReasonCount[]
  /** How far the checks went, the deepest first. */
  byDepth: DepthCount[]
  /** The domains with the most addresses. */
  byDomain: GroupCounts[]
  /** By the day (UTC) on which they were checked, the latest days in their order. */
  byDay: GroupCounts[]
}

type SumRow = GroupCounts & {
  notAddresses: number
  facet: 'reason' | 'depth' | 'domain' | 'day'
  status: VerdictsStatus | null
}

/** Everything in one reading of the rows, with at most so many groups of each sort. */
export async function sumVerdicts(db: Kysely<DB>, scope: StatsScope, mostGroups: number): Promise<VerificationSums> {
  // What grouping() says of a row: a bit for each column that it is not grouped by.
  const rowsOf = { reason: 0b1101, depth: 0b1110, domain: 0b0111, day: 0b1011 }
  const byStatus = sql.join(
    statuses.map((status) => sql`coalesce(sum(n) filter (where status = ${sql.lit(status)}), 0)::bigint`),
  )
  const none = sql`0::bigint, 0::bigint, 0::bigint, 0::bigint`
  const { rows } = await sql<SumRow>`
    with sums as materialized (
      select grouping(v.domain, v.day, v.reason, v.depth) as of, v.domain, v.day, v.status, v.reason, v.depth, count(*) as n, count(*) filter (where v.domain = '') as texts
      from (select domain, status, reason, depth, date_bin('1 day', checked_at, timestamptz '2000-01-01 00:00Z') as day from ${counted(scope)} c) v
      group by grouping sets ((v.status, v.reason), (v.depth), (v.domain, v.status), (v.day, v.status)))
    select 'reason' as facet, reason as name, status, n as count, ${sql.raw('0::bigint as valid, 0::bigint as risky, 0::bigint as invalid, 0::bigint as unknown, texts as "notAddresses"')}
      from sums where of = ${rowsOf.reason}
    union all select 'depth', depth, null, n, ${none}, 0::bigint from sums where of = ${rowsOf.depth}
    union all (select 'domain', domain, null, sum(n)::bigint, ${byStatus}, 0::bigint from sums where of = ${rowsOf.domain} and domain <> ''
      group by domain order by 4 desc, domain limit ${mostGroups})
    union all (select 'day', to_char(day at time zone 'UTC', 'YYYY-MM-DD'), null, sum(n)::bigint, ${byStatus}, 0::bigint from sums where of = ${rowsOf.day}
      group by day order by day desc limit ${mostGroups})`.execute(db)
  const of = (facet: SumRow['facet']) => rows.filter((row) => row.facet === facet)
  const most = (x: GroupCounts, y: GroupCounts) => y.count - x.count || (x.name < y.name ? -1 : 1)
  const reasons = of('reason').toSorted(most)
  return {
    total: reasons.reduce((sum, { count }) => sum + count, 0),
    byReason: reasons.map(({ status, name, count, notAddresses }) => ({
      status: status!,
      reason: name,
      count,
      notAddresses,
    })),
    byDepth: depths.flatMap((depth) =>
      of('depth')
        .filter(({ name }) => name === depth)
        .map(({ count }) => ({ depth, count })),
    ),
    byDomain: of('domain').toSorted(most),
    byDay: of('day').toSorted((x, y) => (x.name < y.name ? -1 : 1)),
  }
}

const statuses: readonly VerdictsStatus[] = ['VALID', 'RISKY', 'INVALID', 'UNKNOWN']
const depths: readonly VerdictsDepth[] = ['SMTP', 'DNS', 'SYNTAX']

/** Those who run the mail hosts of the most addresses. */
export async function countByMxOrganisation(db: Kysely<DB>, scope: StatsScope, limit: number): Promise<GroupCounts[]> {
  const { rows } = await sql<GroupCounts>`
    select f.mx_organisation as name, count(*) as count, count(*) filter (where v.status = 'VALID') as valid, count(*) filter (where v.status = 'RISKY') as risky,
      count(*) filter (where v.status = 'INVALID') as invalid, count(*) filter (where v.status = 'UNKNOWN') as unknown
    from ${counted(scope)} v join domain_facts f on f.domain = v.domain where f.mx_organisation is not null
    group by 1 order by count desc, name limit ${limit}`.execute(db)
  return rows
}

function counted({ jobId, domain }: StatsScope): RawBuilder<unknown> {
  const only = domain === undefined ? sql`true` : sql`domain = ${storableText(inALabels(domain))}`
  if (jobId !== undefined)
    return sql`(select domain, status, reason, depth, checked_at from job_verifications where job_id = ${jobId} and ${only})`
  return sql`(
    select distinct on (address) domain, status, reason, depth, checked_at from verdicts where ${only}
    order by address, failed, array_position(array['SMTP', 'DNS', 'SYNTAX'], depth), checked_at desc)`
}
