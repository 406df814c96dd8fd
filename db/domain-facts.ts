import { type Kysely, sql } from 'kysely'

import { jsonText } from './json.ts'
import type { DB } from './types.ts'

/** Who asks holds a domain for so long, by the database's clock; a worker that dies gives it back at once. */
const leaseMs = 60_000

/** What is known of a mail domain. */
export interface KnownDomain {
  domain: string
  /** As it was stored: where its mail goes. */
  route: unknown
  askedAt: Date
  holdsUntil: Date
  /** DNS faults in a row. */
  faults: number
  /** Whether it takes mail for any name; null: not known. */
  catchAll: boolean | null
  catchAllAt: Date | null
}

/** Which facts do: those that hold now and are not older than asked for. */
export interface FactsWanted {
  now: Date
  /** Facts from before are as good as none. */
  notBefore: Date | null
}

/** Facts that hold, by domain. */
export async function knownDomains(
  db: Kysely<DB>,
  domains: readonly string[],
  { now, notBefore }: FactsWanted,
): Promise<Map<string, KnownDomain>> {
  if (domains.length === 0) return new Map()
  const { rows } = await sql<KnownDomain>`
    select f.domain, f.route, f.asked_at as "askedAt", f.holds_until as "holdsUntil", f.faults, f.catch_all as "catchAll", f.catch_all_at as "catchAllAt"
    from unnest(${domains}::text[]) n(domain) cross join lateral (select * from domain_facts f where f.domain = n.domain offset 0) f
    where f.holds_until > ${now} and (${notBefore}::timestamptz is null or f.asked_at >= ${notBefore})`.execute(db)
  return new Map(rows.map((row) => [row.domain, row]))
}

export type DomainClaim = Pick<KnownDomain, 'domain' | 'faults' | 'catchAll' | 'catchAllAt'>

/** Claims those of the domains that are not known (any more) and that nobody else is asking about: the caller is the one to ask DNS. */
export async function claimDomains(
  db: Kysely<DB>,
  domains: readonly string[],
  { now, notBefore, workerId, lease }: FactsWanted & { workerId: string; lease: string },
): Promise<DomainClaim[]> {
  if (domains.length === 0) return []
  const { rows } = await sql<DomainClaim>`
    insert into domain_facts as f (domain, worker_id, lease, leased_until)
    select n.domain, ${workerId}::text, ${lease}::uuid, now() + ${leaseMs} * interval '1 ms'
    from unnest(${domains}::text[]) n(domain) order by n.domain collate "C"
    on conflict (domain) do update set worker_id = excluded.worker_id, lease = excluded.lease, leased_until = excluded.leased_until
    where (f.leased_until is null or f.leased_until <= now())
      and (f.holds_until is null or f.holds_until <= ${now} or f.asked_at < ${notBefore}::timestamptz)
    returning domain, faults, catch_all as "catchAll", catch_all_at as "catchAllAt"`.execute(db)
  return rows
}

export interface NewFacts {
  domain: string
  route: unknown
  mxOrganisation: string | null
  askedAt: Date
  holdsUntil: Date
  faults: number
}

/**
 * Stores what DNS said and gives the domains back. Where the claim is lost, since another one asks or has asked, it goes into the history alone: verdicts rest
 * on it all the same.
 */
export async function saveDomainFacts(db: Kysely<DB>, lease: string, facts: readonly NewFacts[]): Promise<void> {
  if (facts.length === 0) return
  const sorted = facts.toSorted((a, b) => (a.domain < b.domain ? -1 : 1))
  // Locked in their order, one look into the index each.
  await sql`
    with said as materialized (
      select n.* from rows from (unnest(${sorted.map(({ domain }) => domain)}::text[], ${sorted.map((fact) => fact.mxOrganisation)}::text[],
        ${sorted.map(({ askedAt }) => askedAt)}::timestamptz[], ${sorted.map(({ holdsUntil }) => holdsUntil)}::timestamptz[],
        ${sorted.map(({ faults }) => faults)}::int[]), jsonb_array_elements(${jsonText(sorted.map(({ route }) => route))}::jsonb))
        n(domain, organisation, asked_at, holds_until, faults, route)),
    mine as materialized (
      select n.* from said n
      cross join lateral (select from domain_facts f where f.domain = n.domain and f.lease = ${lease}::uuid for update) f),
    others as (
      insert into domain_fact_history (domain, asked_at, route)
      select n.domain, n.asked_at, n.route from said n where not exists (select from mine m where m.domain = n.domain)
      on conflict do nothing)
    update domain_facts f set route = n.route, mx_organisation = n.organisation, asked_at = n.asked_at, holds_until = n.holds_until, faults = n.faults,
      checks = f.checks + 1, worker_id = null, lease = null, leased_until = null
    from mine n where f.domain = n.domain and f.lease = ${lease}::uuid`.execute(db)
}

/** Gives back what was claimed and not asked. */
export async function releaseDomains(db: Kysely<DB>, lease: string, domains: readonly string[]): Promise<void> {
  if (domains.length === 0) return
  await sql`
    with mine as (
      select domain from domain_facts where domain = any(${domains}::text[]) and lease = ${lease}::uuid order by domain for update)
    update domain_facts f set worker_id = null, lease = null, leased_until = null from mine
    where f.domain = mine.domain and f.domain = any(${domains}::text[])`.execute(db)
}

/** Holds claims for longer. */
export async function renewDomainClaims(db: Kysely<DB>, workerId: string, lease: string): Promise<void> {
  await sql`
    with mine as (
      select domain from domain_facts where worker_id = ${workerId} and lease = ${lease}::uuid order by domain for update)
    update domain_facts f set leased_until = now() + ${leaseMs} * interval '1 ms' from mine where f.domain = mine.domain`.execute(
    db,
  )
}

/** What a control probe or a service told of the whole domain. */
export async function saveCatchAll(
  db: Kysely<DB>,
  domain: string,
  { is, at }: { is: boolean; at: Date },
): Promise<void> {
  await sql`
    update domain_facts set catch_all = ${is}, catch_all_at = ${at}
    where domain = ${domain} and (catch_all_at is null or catch_all_at < ${at})`.execute(db)
}
