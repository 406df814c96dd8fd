import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

import { jsonText, storableText } from './json.ts'
import type { DB, PagesStatus } from './types.ts'

/** A way to a page; of two the lesser is kept, by depth, then hops, then parent. */
export interface PageWay {
  /** Null for a start page. */
  parentUrl: string | null
  /** Clicks from a start page. */
  depth: number
  /** Redirects since the last click. */
  hops: number
}

/** A page that was met on the way, and, where it has one, its fate. */
export interface PageChange extends PageWay {
  key: string
  url: string
  shard: string
  domain: string
  priority: number
  fate?: PageFate
  /** From where its links were followed. */
  expanded?: { depth: number; hops: number }
}

export interface PageFate {
  status: Exclude<PagesStatus, 'QUEUED'>
  httpStatus?: number
  /** One of the closed set; null where nothing went wrong. */
  category?: string
  /** Why it failed or was skipped. */
  message?: string
  details?: Record<string, unknown>
  fetchMs?: number
  extractMs?: number
  emailCount: number
}

export interface QueuedPage extends PageWay {
  key: string
  url: string
  domain: string
  priority: number
}

/**
 * Stores pages, new and known, and returns how many are new. Takes all row locks in the order of their keys, in one statement: concurrent calls wait for
 * each other and never in a circle. The result does not depend on their order. A page gets one fate and keeps it.
 */
export async function savePages(trx: Transaction<DB>, jobId: number, pages: readonly PageChange[]): Promise<number> {
  if (pages.length === 0) return 0
  const fates = pages.map(({ fate }) => fate)
  const column = <Value>(of: (page: PageChange) => Value | undefined) => pages.map((page) => of(page) ?? null)
  const ofFate = <Value>(of: (fate: PageFate) => Value | undefined) =>
    fates.map((fate) => (fate ? (of(fate) ?? null) : null))
  const { rows } = await sql<{ added: number }>`
    with saved as (
      insert into pages as p (job_id, url_key, url, shard_key, domain, parent_url, depth, hops, priority, status, http_status, error_category, error_message,
        error_details, fetch_ms, extract_ms, email_count, fetched_at, expanded_depth, expanded_hops)
      select ${jobId}::bigint, n.url_key, n.url, n.shard_key, n.domain, n.parent_url, n.depth, n.hops, n.priority, n.status, n.http_status, n.error_category,
        n.error_message, n.error_details::jsonb, n.fetch_ms, n.extract_ms, n.email_count, case when n.fetch_ms is not null then now() end, n.expanded_depth, n.expanded_hops
      from unnest(${column((page) => page.key)}::uuid[], ${column((page) => page.url)}::text[], ${column((page) => page.shard)}::text[],
        ${column((page) => page.domain)}::text[], ${column((page) => page.parentUrl)}::text[], ${column((page) => page.depth)}::int[],
        ${column((page) => page.hops)}::smallint[], ${column((page) => page.priority)}::smallint[],
        ${fates.map((fate) => fate?.status ?? 'QUEUED')}::text[], ${ofFate((fate) => fate.httpStatus)}::int[], ${ofFate((fate) => fate.category)}::text[],
        ${ofFate((fate) => storable(fate.message))}::text[], ${ofFate((fate) => fate.details && jsonText(fate.details))}::text[],
        ${ofFate((fate) => rounded(fate.fetchMs))}::int[], ${ofFate((fate) => rounded(fate.extractMs))}::int[],
        ${fates.map((fate) => fate?.emailCount ?? 0)}::int[], ${column((page) => page.expanded?.depth)}::int[], ${column((page) => page.expanded?.hops)}::smallint[])
        n(url_key, url, shard_key, domain, parent_url, depth, hops, priority, status, http_status, error_category, error_message, error_details, fetch_ms,
          extract_ms, email_count, expanded_depth, expanded_hops)
      order by n.url_key
      on conflict (job_id, url_key) do update set
        parent_url = case when ${isLesserWay} then excluded.parent_url else p.parent_url end,
        depth = least(p.depth, excluded.depth),
        hops = case when ${isLesserWay} then excluded.hops else p.hops end,
        priority = least(p.priority, excluded.priority),
        status = case when p.status = 'QUEUED' then excluded.status else p.status end,
        http_status = coalesce(p.http_status, excluded.http_status),
        error_category = coalesce(p.error_category, excluded.error_category),
        error_message = coalesce(p.error_message, excluded.error_message),
        error_details = coalesce(p.error_details, excluded.error_details),
        fetch_ms = coalesce(p.fetch_ms, excluded.fetch_ms),
        extract_ms = coalesce(p.extract_ms, excluded.extract_ms),
        email_count = greatest(p.email_count, excluded.email_count),
        fetched_at = coalesce(p.fetched_at, excluded.fetched_at),
        expanded_depth = coalesce(excluded.expanded_depth, p.expanded_depth),
        expanded_hops = coalesce(excluded.expanded_hops, p.expanded_hops)
      where excluded.status <> 'QUEUED' or excluded.expanded_depth is not null or excluded.priority < p.priority or ${isLesserWay}
      returning (xmax = 0) as added)
    select count(*) filter (where added) as added from saved`.execute(trx)
  return rows[0]!.added
}

const isLesserWay = sql`(excluded.depth, excluded.hops, coalesce(excluded.parent_url, '')) < (p.depth, p.hops, coalesce(p.parent_url, ''))`

export interface PageLinks {
  key: string
  /** Lines of clicks, priority and URL or path. */
  links: string
}

/** Pages have one writer, their shard, and are read once: the first to come stays. */
export async function savePageLinks(trx: Transaction<DB>, jobId: number, pages: readonly PageLinks[]): Promise<void> {
  if (pages.length === 0) return
  await sql`
    insert into page_links (job_id, url_key, links)
    select ${jobId}::bigint, n.url_key, n.links
    from unnest(${pages.map(({ key }) => key)}::uuid[], ${pages.map(({ links }) => links)}::text[]) n(url_key, links)
    on conflict do nothing`.execute(trx)
}

/** The first pages of a shard's frontier, in fetch order. Index pages_frontier. */
export async function listFrontier(db: Kysely<DB>, jobId: number, shard: string, limit: number): Promise<QueuedPage[]> {
  const { rows } = await sql<QueuedPage>`
    select url_key as key, url, domain, parent_url as "parentUrl", depth, hops, priority from pages
    where job_id = ${jobId} and shard_key = ${shard} and status = 'QUEUED'
    order by priority, depth, url_key limit ${limit}`.execute(db)
  return rows
}

export interface NearerPage extends PageWay {
  key: string
  url: string
  domain: string
  priority: number
  links: string
}

/** Pages whose links were followed from farther away than they are now known to be. Index pages_nearer. */
export async function listNearer(db: Kysely<DB>, jobId: number, shard: string, limit: number): Promise<NearerPage[]> {
  const { rows } = await sql<NearerPage>`
    select p.url_key as key, p.url, p.domain, p.parent_url as "parentUrl", p.depth, p.hops, p.priority, coalesce(l.links, '') as links
    from pages p left join page_links l using (job_id, url_key)
    where p.job_id = ${jobId} and p.shard_key = ${shard} and (p.depth, p.hops) < (p.expanded_depth, p.expanded_hops)
    order by p.url_key limit ${limit}`.execute(db)
  return rows
}

export interface KnownPage extends PageWay {
  key: string
  priority: number
  queued: boolean
  /** Where it led, for a page that was skipped as a redirect. */
  redirectsTo: string | null
}

const knownColumns = sql`url_key as key, parent_url as "parentUrl", depth, hops, priority, status = 'QUEUED' as queued,
  error_details->>'redirectsTo' as "redirectsTo"`

/** Those of the pages that the job has met. */
export async function findPages(db: Kysely<DB>, jobId: number, keys: readonly string[]): Promise<KnownPage[]> {
  if (keys.length === 0) return []
  const { rows } = await sql<KnownPage>`
    select ${knownColumns} from pages where job_id = ${jobId} and url_key = any(${keys}::uuid[])`.execute(db)
  return rows
}

/** All pages of a shard; undefined where there are more than `most`. Index pages_by_host. */
export async function findPagesOfShard(
  db: Kysely<DB>,
  jobId: number,
  shard: string,
  most: number,
): Promise<KnownPage[] | undefined> {
  const { rows } = await sql<KnownPage>`
    select ${knownColumns} from pages where job_id = ${jobId} and shard_key = ${shard} limit ${most + 1}`.execute(db)
  return rows.length > most ? undefined : rows
}

/**
 * Gives the pages that are still queued when a crawl ends their fate, and returns how many by reason; nothing of the job may run any more. The reason is that of their
 * domain, where `reasons` has one.
 */
export async function skipQueued(
  trx: Transaction<DB>,
  jobId: number,
  otherwise: string,
  reasons: ReadonlyMap<string, string>,
): Promise<Map<string, number>> {
  const { rows } = await sql<{ reason: string; count: number }>`
    with skipped as (
      update pages p set status = 'SKIPPED', error_message = coalesce((
        select r.reason from unnest(${[...reasons.keys()]}::text[], ${[...reasons.values()]}::text[]) r(domain, reason) where r.domain = p.domain), ${otherwise})
      where job_id = ${jobId} and status = 'QUEUED' returning p.error_message as reason)
    select reason, count(*) as count from skipped group by reason order by reason desc`.execute(trx)
  return new Map(rows.map(({ reason, count }) => [reason, count]))
}

export interface CrawlSummary {
  pages: number
  fetched: number
  hosts: number
  /** Pages of which an address was left out. */
  suppressed: number
}

export async function summarizePages(trx: Transaction<DB>, jobId: number): Promise<CrawlSummary> {
  const { rows } = await sql<CrawlSummary>`
    select count(*) as pages, count(*) filter (where status = 'FETCHED') as fetched, count(distinct shard_key) filter (where status = 'FETCHED') as hosts,
      count(*) filter (where error_details->>'suppressed' is not null) as suppressed
    from pages where job_id = ${jobId}`.execute(trx)
  return rows[0]!
}

/**
 * Removes the links of pages, but for those that a later crawl takes from here if it finds the page unchanged. Where a page or a
 * sitemap would be tried again, the links of those stay too that would become nearer if it led to them; what a sitemap lists has depth 1.
 */
export async function removeCrawlRemains(trx: Transaction<DB>, jobId: number): Promise<void> {
  // Each row is looked up by its key, whatever the planner believes of a job that it has no statistics of: joined, they were compared each with each.
  await sql`
    with again as materialized (
      select least((select min(depth) from pages where job_id = ${jobId} and ${triedAgain}),
        (select 1 from sitemaps where job_id = ${jobId} and status = 'FAILED' limit 1)) as depth)
    delete from page_links l using again
    where l.job_id = ${jobId}
      and (again.depth is null or (select p.depth from pages p where p.job_id = l.job_id and p.url_key = l.url_key) < again.depth)
      and (select r.job_id from page_reads r where r.url_key = l.url_key and (r.etag is not null or r.last_modified is not null))
        is distinct from l.job_id`.execute(trx)
}

/** By a retry: pages that failed, and those that were skipped since their host was given up. */
const triedAgain = sql`(status = 'FAILED' or status = 'SKIPPED' and error_details->>'hostGivenUp' = 'true')`

/** Query of the shards that hold failed pages, in a column `key`. */
export function shardsWithFailed(jobId: number): RawBuilder<{ key: string }> {
  return sql`select distinct shard_key as key from pages where job_id = ${jobId} and status = 'FAILED'`
}

/** Queues anew the pages that a retry tries again; returns how many of each sort. */
export async function reopenFailedPages(
  trx: Transaction<DB>,
  jobId: number,
): Promise<{ failed: number; skipped: number }> {
  const { rows } = await sql<{ failed: number; skipped: number }>`
    with chosen as (
      select url_key, status from pages
      where job_id = ${jobId} and ${triedAgain}
      order by url_key for update),
    opened as (
      update pages p set status = 'QUEUED', http_status = null, error_category = null, error_message = null, error_details = null,
        fetch_ms = null, extract_ms = null, fetched_at = null
      from chosen where p.job_id = ${jobId} and p.url_key = chosen.url_key returning chosen.status as before)
    select count(*) filter (where before = 'FAILED') as failed, count(*) filter (where before = 'SKIPPED') as skipped
    from opened`.execute(trx)
  return rows[0]!
}

function storable(text: string | undefined): string | undefined {
  return text === undefined ? undefined : storableText(text.slice(0, 1_000))
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms)
}
