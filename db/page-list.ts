import { type Kysely, type RawBuilder, sql } from 'kysely'

import { storableText } from './json.ts'
import { allOf, contains, keysetPage, type PageRequest, type RowOrder, type RowPage } from './keyset.ts'
import type { DB, PagesStatus } from './types.ts'

export interface PageRow {
  id: number
  url: string
  parentUrl: string | null
  depth: number
  status: PagesStatus
  httpStatus: number | null
  errorCategory: string | null
  errorMessage: string | null
  errorDetails: unknown
  fetchMs: number | null
  extractMs: number | null
  tokensIn: number | null
  tokensOut: number | null
  service: string | null
  model: string | null
  generationId: string | null
  emailCount: number
  foundAt: Date
  fetchedAt: Date | null
}

export interface PageFilter {
  statuses?: string[] | undefined
  /** Part of the URL. */
  text?: string | undefined
  categories?: string[] | undefined
  /** As the crawl names it: host name, with the port where it is not the scheme's own. */
  host?: string | undefined
}

export const pageColumns =
  sql.raw(`p.id, p.url, p.parent_url as "parentUrl", p.depth, p.status, p.http_status as "httpStatus",
  p.error_category as "errorCategory", p.error_message as "errorMessage", p.error_details as "errorDetails",
  p.fetch_ms as "fetchMs", p.extract_ms as "extractMs", p.tokens_in as "tokensIn", p.tokens_out as "tokensOut", p.service, p.model,
  p.generation_id as "generationId", p.email_count as "emailCount", p.found_at as "foundAt", p.fetched_at as "fetchedAt"`)

/** In the order in which the crawl met them. */
export const pageOrder: RowOrder<PageRow> = { columns: [{ column: 'p.id', type: 'bigint' }], keyOf: (row) => [row.id] }

/** Index pages_by_id. */
export function listPages(
  db: Kysely<DB>,
  jobId: number,
  filter: PageFilter,
  page: PageRequest,
): Promise<RowPage<PageRow>> {
  const base = sql`select ${pageColumns} from pages p where ${matchingPages(jobId, filter)}`
  return keysetPage(db, base, pageOrder.columns, page)
}

export async function countPages(db: Kysely<DB>, jobId: number, filter: PageFilter): Promise<number> {
  const { rows } = await sql<{
    n: number
  }>`select count(*) as n from pages p where ${matchingPages(jobId, filter)}`.execute(db)
  return rows[0]!.n
}

/** Conditions on pages as `p`. */
export function matchingPages(jobId: number, filter: PageFilter): RawBuilder<unknown> {
  const conditions = [sql`p.job_id = ${jobId}`]
  if (filter.statuses) conditions.push(sql`p.status = any(${filter.statuses}::text[])`)
  if (filter.text) conditions.push(contains('p.url', filter.text))
  if (filter.categories) conditions.push(sql`p.error_category = any(${filter.categories}::text[])`)
  if (filter.host) conditions.push(sql`p.shard_key = ${storableText(filter.host)}`)
  return allOf(conditions)
}
