import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'

const ofSighting = [
  'address',
  'source_url',
  'method',
  'snippet',
  'confidence',
  'quality',
  'reasons',
  'person_name',
  'position',
  'phone',
  'organisation',
] as const

/** What of a crawl's rows must not depend on how it was run: all but worker, times, durations, ids and commit groups. */
export const crawlColumns = {
  pages: [
    'url',
    'shard_key',
    'domain',
    'parent_url',
    'depth',
    'hops',
    'priority',
    'status',
    'http_status',
    'error_category',
    'error_message',
    'error_details',
    'email_count',
  ],
  sightings: ofSighting,
  addresses: [...ofSighting, 'domain'],
} as const

/** The rows of a crawl, less what may differ from run to run. */
export async function crawlRows(db: Kysely<DB>, jobId: number) {
  const pages = await db
    .selectFrom('pages')
    .select(crawlColumns.pages)
    .where('job_id', '=', jobId)
    .orderBy('url')
    .execute()
  const sightings = await db
    .selectFrom('sightings')
    .select(crawlColumns.sightings)
    .where('job_id', '=', jobId)
    .orderBy(sql`address, source_url, method`)
    .execute()
  const addresses = await db
    .selectFrom('job_addresses')
    .select(crawlColumns.addresses)
    .where('job_id', '=', jobId)
    .orderBy('address')
    .execute()
  return { pages, sightings, addresses }
}
