import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'

/** All rows of a crawl that must not depend on how it was run. */
export async function crawlRows(db: Kysely<DB>, jobId: number) {
  const { rows: pages } = await sql<{ url: string; status: string; depth: number; parent_url: string | null }>`
    select url, shard_key, domain, parent_url, depth, priority, status, http_status, error_category, error_message, error_details, email_count
    from pages where job_id = ${jobId} order by url`.execute(db)
  const { rows: sightings } = await sql<{ address: string; source_url: string }>`
    select address, source_url, method, snippet, confidence, quality, reasons, person_name from sightings where job_id = ${jobId} order by address, source_url, method`.execute(
    db,
  )
  const { rows: addresses } = await sql<{ address: string }>`
    select address, domain, source_url, method, snippet, confidence, quality, reasons from job_addresses where job_id = ${jobId} order by address`.execute(
    db,
  )
  return { pages, sightings, addresses }
}
