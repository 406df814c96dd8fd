import type { Kysely } from 'kysely'

import type { DB } from '../../db/types.ts'
import { scrapeEmails } from '../../jobs/crawl-site/job.ts'
import { comparedRows } from './compared-rows.ts'

/** The rows of a crawl in the columns that must not depend on how it was run. */
export async function crawlRows(db: Kysely<DB>, jobId: number) {
  const { pages, sightings, job_addresses } = await comparedRows(db, scrapeEmails, jobId)
  return {
    pages: pages as { url: string; status: string; depth: number; parent_url: string | null }[],
    sightings: sightings as { address: string; source_url: string }[],
    addresses: job_addresses as { address: string }[],
  }
}
