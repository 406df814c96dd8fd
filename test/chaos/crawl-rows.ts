import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'

/** All that a crawl stores, less worker, times, durations and ids. */
export async function crawlRows(db: Kysely<DB>, jobId: number) {
  const pages = await db
    .selectFrom('pages')
    .select([
      'url',
      'parent_url',
      'depth',
      'priority',
      'status',
      'http_status',
      'error_category',
      'error_message',
      'error_details',
      'email_count',
    ])
    .where('job_id', '=', jobId)
    .orderBy('url')
    .execute()
  const sightings = await db
    .selectFrom('sightings')
    .select([
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
    ])
    .where('job_id', '=', jobId)
    .orderBy(sql`address, source_url, method`)
    .execute()
  const addresses = await db
    .selectFrom('job_addresses')
    .select([
      'address',
      'domain',
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
    ])
    .where('job_id', '=', jobId)
    .orderBy('address')
    .execute()
  return { pages, sightings, addresses }
}
