import { type RawBuilder, sql } from 'kysely'

import { onList } from './suppressions.ts'

/** What a crawl found on a domain. Plain JSON. */
export interface DomainResult {
  fetched: number
  failed: number
  skipped: number
  queued: number
  /** Why, of one of the pages that failed. */
  failure: string | null
  addresses: number
  /** Of these, on the list of suppressions now: they are not among the best. */
  suppressed: number
  /** The most confident first. */
  best: string[]
}

/**
 * Query of the results of these domains of a crawl, in their order and as often as they are named: texts of JSON, `null` for a domain that the crawl does
 * not know. `most`: how many addresses of each are told.
 */
export function domainResults(jobId: number, domains: readonly string[], most: number): RawBuilder<unknown> {
  return sql`
    with wanted as (select domain, place from unnest(${domains}::text[]) with ordinality w(domain, place)),
    of_pages as (
      select domain, count(*) filter (where status = 'FETCHED') as fetched, count(*) filter (where status = 'FAILED') as failed,
        count(*) filter (where status = 'SKIPPED') as skipped, count(*) filter (where status = 'QUEUED') as queued,
        min(error_message collate "C") filter (where status = 'FAILED') as failure
      from pages where job_id = ${jobId} and domain in (select domain from wanted) group by domain),
    met as (
      select distinct p.domain, s.address from sightings s join pages p on p.job_id = s.job_id and p.url_key = s.source_key
      where s.job_id = ${jobId} and p.domain in (select domain from wanted)),
    of_addresses as (
      select domain, count(*) as addresses, count(*) filter (where suppressed) as suppressed,
        array_agg(address order by rank) filter (where not suppressed and rank <= ${most}) as best from (
        select *, row_number() over (partition by domain, suppressed order by confidence desc, address) as rank from (
          select m.domain, m.address, a.confidence, ${sql.raw(onList('m.address'))} as suppressed
          from met m join job_addresses a on a.job_id = ${jobId} and a.address = m.address) marked) ranked
      group by domain)
    select case when p.domain is null then 'null' else json_build_object('fetched', p.fetched, 'failed', p.failed, 'skipped', p.skipped, 'queued', p.queued,
      'failure', p.failure, 'addresses', coalesce(a.addresses, 0), 'suppressed', coalesce(a.suppressed, 0), 'best', coalesce(a.best, '{}'))::text end
    from wanted w left join of_pages p using (domain) left join of_addresses a using (domain) order by w.place`
}
