import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

import type { DB, SitemapsStatus } from './types.ts'

export interface QueuedSitemap {
  key: string
  url: string
  /** Pages of other domains are passed over. */
  domain: string
  /** By the host, in its robots.txt or in an index; otherwise a guess. */
  named: boolean
  /** Indexes above it. */
  level: number
  /** Redirects that led to it. */
  hops: number
}

export interface SitemapChange extends QueuedSitemap {
  /** The host that is asked for it. */
  shard: string
  status: SitemapsStatus
}

/** The one of a host that is read next. Index sitemaps_queued. */
export async function nextSitemap(db: Kysely<DB>, jobId: number, shard: string): Promise<QueuedSitemap | undefined> {
  const { rows } = await sql<QueuedSitemap>`
    select url_key as key, url, domain, named, level, hops from sitemaps
    where job_id = ${jobId} and shard_key = ${shard} and status = 'QUEUED' order by level, url_key limit 1`.execute(db)
  return rows[0]
}

/** Stores sitemaps, new and known; one that has been read stays so. Takes row locks in the order of the keys. */
export async function saveSitemaps(
  trx: Transaction<DB>,
  jobId: number,
  changes: readonly SitemapChange[],
): Promise<void> {
  // One insert cannot touch a row twice: of two the one with a fate counts.
  const byKey = new Map<string, SitemapChange>()
  for (const change of changes) if (change.status !== 'QUEUED' || !byKey.has(change.key)) byKey.set(change.key, change)
  const all = [...byKey.values()]
  if (all.length === 0) return
  await sql`
    insert into sitemaps as s (job_id, url_key, url, shard_key, domain, named, level, hops, status)
    select ${jobId}::bigint, n.* from unnest(${all.map(({ key }) => key)}::uuid[], ${all.map(({ url }) => url)}::text[], ${all.map(({ shard }) => shard)}::text[],
      ${all.map(({ domain }) => domain)}::text[], ${all.map(({ named }) => named)}::boolean[], ${all.map(({ level }) => level)}::smallint[],
      ${all.map(({ hops }) => hops)}::smallint[], ${all.map(({ status }) => status)}::text[]) n(url_key, url, shard_key, domain, named, level, hops, status)
    order by n.url_key
    on conflict (job_id, url_key) do update set status = excluded.status where s.status = 'QUEUED' and excluded.status <> 'QUEUED'`.execute(
    trx,
  )
}

/** Query of the shards that hold sitemaps which could not be had, in a column `key`. */
export function shardsWithFailedSitemaps(jobId: number): RawBuilder<{ key: string }> {
  return sql`select distinct shard_key as key from sitemaps where job_id = ${jobId} and status = 'FAILED'`
}

export async function reopenFailedSitemaps(trx: Transaction<DB>, jobId: number): Promise<void> {
  await sql`update sitemaps set status = 'QUEUED' where job_id = ${jobId} and status = 'FAILED'`.execute(trx)
}
