import { type Kysely, sql, type Transaction } from 'kysely'

import type { DB } from './types.ts'

/** Key of the row that holds a domain's sums. It sorts before all shards, so whoever locks in order locks it first. */
const sums = ''

export interface GrantRequest {
  jobId: number
  domain: string
  shard: string
  /** Pages that it would like to fetch; it may get fewer. */
  want: number
  /** Of the domain, over all its shards. */
  cap: number
}

/**
 * Grants a shard pages of its domain's cap, unless it still has some by what is stored, and returns how many it may fetch; a crash loses none. 0: the others have them all; the
 * shard is then told of when some come back (see `starvedShards`).
 */
export async function takeGrant(db: Kysely<DB>, { jobId, domain, shard, want, cap }: GrantRequest): Promise<number> {
  return await db.transaction().execute(async (trx) => {
    await sql`
      insert into crawl_grants (job_id, domain, shard_key) values (${jobId}, ${domain}, ${sums}), (${jobId}, ${domain}, ${shard})
      on conflict do nothing`.execute(trx)
    const { rows } = await sql<{ shardKey: string; granted: number; used: number }>`
      select shard_key as "shardKey", granted, used from crawl_grants
      where job_id = ${jobId} and domain = ${domain} and shard_key in (${sums}, ${shard}) order by shard_key for update`.execute(
      trx,
    )
    const [all, own] = [rows[0]!, rows[1]!]
    const left = own.granted - own.used
    if (left > 0) return left
    const given = Math.max(0, Math.min(want, cap - all.granted))
    await sql`
      update crawl_grants set granted = granted + ${given}, starved = shard_key = ${shard} and ${given === 0}
      where job_id = ${jobId} and domain = ${domain} and shard_key in (${sums}, ${shard})`.execute(trx)
    return given
  })
}

export interface GrantUse {
  domain: string
  shard: string
  used: number
  /** Give back what is left: the shard has no more pages. */
  release: boolean
}

/** Counts pages as used, in the transaction that stores them. */
export async function useGrants(trx: Transaction<DB>, jobId: number, uses: readonly GrantUse[]): Promise<void> {
  const meant = uses.filter(({ used, release }) => used > 0 || release)
  if (meant.length === 0) return
  const releasing = meant.filter(({ release }) => release)
  const rows = [
    ...meant.map(({ domain, shard }) => ({ domain, shard })),
    ...releasing.map(({ domain }) => ({ domain, shard: sums })),
  ]
  await sql`
    select 1 from crawl_grants where job_id = ${jobId} and (domain, shard_key) in (
      select * from unnest(${rows.map(({ domain }) => domain)}::text[], ${rows.map(({ shard }) => shard)}::text[]))
    order by domain, shard_key for update`.execute(trx)
  await sql`
    with u as (
      select * from unnest(${meant.map(({ domain }) => domain)}::text[], ${meant.map(({ shard }) => shard)}::text[], ${meant.map(({ used }) => used)}::bigint[],
        ${meant.map(({ release }) => release)}::boolean[]) n(domain, shard_key, used, release)),
    own as (
      update crawl_grants g set used = g.used + u.used, granted = case when u.release then g.used + u.used else g.granted end
      from u where g.job_id = ${jobId} and g.domain = u.domain and g.shard_key = u.shard_key),
    back as (
      select g.domain, sum(g.granted - g.used - u.used) as pages from crawl_grants g join u on u.domain = g.domain and u.shard_key = g.shard_key and u.release
      where g.job_id = ${jobId} group by g.domain)
    update crawl_grants g set granted = g.granted - back.pages from back
    where g.job_id = ${jobId} and g.domain = back.domain and g.shard_key = ${sums} and back.pages <> 0`.execute(trx)
}

/** Shards that went without while others of the domain held on to pages of which some are free now. */
export async function starvedShards(db: Kysely<DB>, jobId: number, domain: string, cap: number): Promise<string[]> {
  const { rows } = await sql<{ shardKey: string }>`
    select s.shard_key as "shardKey" from crawl_grants s
    join crawl_grants a on a.job_id = s.job_id and a.domain = s.domain and a.shard_key = ${sums} and a.granted < ${cap}
    where s.job_id = ${jobId} and s.domain = ${domain} and s.starved order by s.shard_key`.execute(db)
  return rows.map(({ shardKey }) => shardKey)
}

/** Takes the failed pages off what their shards have used and been granted: they will ask for it again. */
export async function giveBackFailed(trx: Transaction<DB>, jobId: number): Promise<void> {
  await sql`select 1 from crawl_grants where job_id = ${jobId} order by domain, shard_key for update`.execute(trx)
  await sql`
    with failed as (
      select domain, shard_key, count(*) as pages from pages where job_id = ${jobId} and status = 'FAILED' group by domain, shard_key),
    own as (
      update crawl_grants g set used = g.used - f.pages, granted = g.granted - f.pages
      from failed f where g.job_id = ${jobId} and g.domain = f.domain and g.shard_key = f.shard_key)
    update crawl_grants g set granted = g.granted - f.pages
    from (select domain, sum(pages) as pages from failed group by domain) f
    where g.job_id = ${jobId} and g.domain = f.domain and g.shard_key = ${sums}`.execute(trx)
}

export async function domainAddresses(db: Kysely<DB>, jobId: number, domain: string): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    select address from crawl_addresses where job_id = ${jobId} and domain = ${domain}`.execute(db)
  return rows.map(({ address }) => address)
}

/**
 * Which of the addresses, in the order given, a domain may yield under its cap: those that it has, and new ones while there is room. Holds the
 * domain's lock until the end of the transaction.
 */
export async function claimAddresses(
  trx: Transaction<DB>,
  { jobId, domain, cap, addresses }: { jobId: number; domain: string; cap: number; addresses: readonly string[] },
): Promise<Set<string>> {
  await sql`insert into crawl_grants (job_id, domain, shard_key) values (${jobId}, ${domain}, ${sums}) on conflict do nothing`.execute(
    trx,
  )
  const { rows: counted } = await sql<{ addresses: number }>`
    select addresses from crawl_grants where job_id = ${jobId} and domain = ${domain} and shard_key = ${sums} for update`.execute(
    trx,
  )
  const { rows: had } = await sql<{ address: string }>`
    select address from crawl_addresses where job_id = ${jobId} and domain = ${domain} and address = any(${addresses}::text[])`.execute(
    trx,
  )
  const accepted = new Set(had.map(({ address }) => address))
  const room = Math.max(0, cap - counted[0]!.addresses)
  const fresh = [...new Set(addresses)].filter((address) => !accepted.has(address)).slice(0, room)
  if (fresh.length === 0) return accepted
  await sql`
    insert into crawl_addresses (job_id, domain, address) select ${jobId}::bigint, ${domain}::text, unnest(${fresh}::text[])`.execute(
    trx,
  )
  await sql`
    update crawl_grants set addresses = addresses + ${fresh.length} where job_id = ${jobId} and domain = ${domain} and shard_key = ${sums}`.execute(
    trx,
  )
  return new Set([...accepted, ...fresh])
}

/** Domains that have yielded as many addresses as the job's input allows. */
export async function fullDomains(db: Kysely<DB>, jobId: number): Promise<string[]> {
  const { rows } = await sql<{ domain: string }>`
    select g.domain from crawl_grants g join jobs j on j.id = g.job_id
    where g.job_id = ${jobId} and g.shard_key = ${sums} and g.addresses >= (j.input->>'maxEmailsPerDomain')::bigint order by g.domain`.execute(
    db,
  )
  return rows.map(({ domain }) => domain)
}
