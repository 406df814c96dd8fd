import { type Kysely, sql } from 'kysely'

import { storableText } from './json.ts'
import { pageColumns, type PageFilter, matchingPages, type PageRow } from './page-list.ts'
import type { DB } from './types.ts'

/** A host, a folder of a host, or a page, with the sums of the pages in it. */
export interface PageBranchRow {
  /** As the crawl names it: host name, with the port where it is not the scheme's own. */
  host: string
  /** From the slash on; ends with one for a folder. Empty for the whole host. */
  path: string
  pages: number
  queued: number
  fetched: number
  failed: number
  skipped: number
  emails: number
  /** Mean of the fetches; null where there was none. */
  fetchMs: number | null
  /** The page, where there is only one and nothing below it. */
  page: PageRow | null
}

export interface PageLevel {
  branches: PageBranchRow[]
  /** Branches that were left out, since there are more than `most`. */
  more: number
}

/** Most branches of a level: nobody reads more, and a filter finds the others. */
export const mostBranches = 300

const sums = sql.raw(`count(*) as pages, count(*) filter (where p.status = 'QUEUED') as queued,
  count(*) filter (where p.status = 'FETCHED') as fetched, count(*) filter (where p.status = 'FAILED') as failed,
  count(*) filter (where p.status = 'SKIPPED') as skipped, coalesce(sum(p.email_count), 0)::bigint as emails,
  round(avg(p.fetch_ms))::int as "fetchMs"`)

/** The hosts of a job, those with most pages first. */
export async function listPageHosts(db: Kysely<DB>, jobId: number, filter: PageFilter): Promise<PageLevel> {
  const { rows } = await sql<PageBranchRow & { more: number }>`
    select p.shard_key as host, '' as path, ${sums}, null as page, count(*) over () - ${mostBranches} as more
    from pages p where ${matchingPages(jobId, filter)}
    group by p.shard_key order by count(*) desc, p.shard_key limit ${mostBranches}`.execute(db)
  return level(rows)
}

/**
 * What lies in a folder of a host, folders first: `path` ends with a slash. Index pages_by_host; it reads all pages of the host.
 */
export async function listPageFolder(
  db: Kysely<DB>,
  jobId: number,
  filter: PageFilter,
  { host, path }: { host: string; path: string },
): Promise<PageLevel> {
  const folder = storableText(path)
  const { rows } = await sql<PageBranchRow & { more: number; pageId: number | null }>`
    with found as (
      select p.*, substr(u.path, char_length(${folder}::text) + 1) as rest from pages p
      -- the URL behind scheme and authority; each is worked out once a row, and not once for every place that names it
      cross join lateral (select substr(p.url, strpos(p.url, '://') + 3) as rest offset 0) w
      cross join lateral (select substr(w.rest, nullif(strpos(w.rest, '/'), 0)) as found offset 0) v
      cross join lateral (select coalesce(v.found, '/') as path offset 0) u
      where ${matchingPages(jobId, filter)} and p.shard_key = ${storableText(host)} and starts_with(u.path, ${folder})),
    placed as materialized (
      select f.*, case when f.is_folder then split_part(f.rest, '/', 1) || '/' else f.rest end as name,
        -- http and https of a host are one host, and two pages
        case when not f.is_folder then f.url end as leaf
      from (select *, strpos(split_part(rest, '?', 1), '/') > 0 as is_folder from found) f)
    select ${host}::text as host, ${folder}::text || p.name as path, ${sums}, null as page, min(p.id) filter (where not p.is_folder)
      as "pageId", count(*) over () - ${mostBranches} as more
    from placed p group by p.name, p.is_folder, p.leaf
    order by p.is_folder desc, p.name collate "C", p.leaf collate "C" limit ${mostBranches}`.execute(db)
  const ids = rows.flatMap(({ pageId }) => pageId ?? [])
  const pages = await sql<PageRow>`
    select ${pageColumns} from pages p where p.job_id = ${jobId} and p.id = any(${ids}::bigint[])`.execute(db)
  const byId = new Map(pages.rows.map((page) => [page.id, page]))
  return level(
    rows.map(({ pageId, ...row }) => ({ ...row, page: pageId === null ? null : (byId.get(pageId) ?? null) })),
  )
}

function level(rows: (PageBranchRow & { more: number })[]): PageLevel {
  return { branches: rows, more: Math.max(0, rows[0]?.more ?? 0) }
}
