import { type Kysely, sql } from 'kysely'

import { appendEvents, type NewEvent } from '../../db/jobs.ts'
import type { DB } from '../../db/types.ts'

/** Rows as the engine and kinds leave them, for tests of what reads them. */

export async function addJob(
  db: Kysely<DB>,
  job: { owner?: string; kind?: string; state?: string; title?: string; createdAt?: string; input?: unknown } = {},
) {
  const { rows } = await sql<{ id: number }>`
    insert into jobs (kind, state, title, owner, input, created_at)
    values (${job.kind ?? 'relay'}, ${job.state ?? 'RUNNING'}, ${job.title ?? 'a job'}, ${job.owner ?? 'local'},
      ${JSON.stringify(job.input ?? {})}, coalesce(${job.createdAt ?? null}::timestamptz, now())) returning id`.execute(
    db,
  )
  return rows[0]!.id
}

/** Returns the number of the last. */
export function addEvents(db: Kysely<DB>, jobId: number, events: NewEvent[]): Promise<number> {
  return db.transaction().execute((trx) => appendEvents(trx, jobId, events))
}

export function addNotes(db: Kysely<DB>, jobId: number, count: number): Promise<number> {
  return addEvents(
    db,
    jobId,
    Array.from({ length: count }, (_, i) => ({ type: 'note', data: { message: `note ${i + 1}` } })),
  )
}

export interface AddressRow {
  address: string
  confidence?: number
  quality?: 'high' | 'medium' | 'low'
  method?: string
  personName?: string | null
  /** URLs of the pages in which it was met; its best sighting is on the first. */
  sources?: string[]
}

/** Addresses of one commit group, in their order. `seq` orders the groups. */
export async function addAddresses(
  db: Kysely<DB>,
  jobId: number,
  group: { seq: number; groupId: number },
  addresses: AddressRow[],
) {
  const rows = addresses.map((row, place) => ({
    address: row.address,
    domain: row.address.split('@')[1]!,
    place,
    confidence: row.confidence ?? 0.5,
    quality: row.quality ?? 'medium',
    method: row.method ?? 'text',
    person_name: row.personName ?? null,
    sources: row.sources ?? ['https://example.com/'],
  }))
  const json = JSON.stringify(rows)
  await sql`insert into job_groups (job_id, step, group_id) values (${jobId}, ${group.seq}, ${group.groupId})`.execute(
    db,
  )
  await sql`insert into addresses (address, domain) select address, domain from jsonb_to_recordset(${json}::jsonb)
    as r(address text, domain text) on conflict do nothing`.execute(db)
  await sql`insert into job_addresses (job_id, address, domain, group_id, place, source_url, method, snippet, confidence, quality,
      reasons, person_name, worker_id, found_at)
    select ${jobId}, address, domain, ${group.groupId}, place, sources[1], method, 'Write to ' || address, confidence, quality, '{}',
      person_name, 'worker-1', now()
    from jsonb_to_recordset(${json}::jsonb) as r(address text, domain text, place int, confidence real, quality text, method text,
      person_name text, sources text[])`.execute(db)
  await sql`insert into sightings (job_id, address, source_key, source_url, method, snippet, confidence, quality, reasons,
      person_name, worker_id, found_at)
    select ${jobId}, address, md5(source)::uuid, source, method, 'Write to ' || address, confidence, quality, '{}', person_name,
      'worker-1', now()
    from jsonb_to_recordset(${json}::jsonb) as r(address text, confidence real, quality text, method text, person_name text,
      sources text[]), unnest(sources) source`.execute(db)
}

export interface CrawledPage {
  url: string
  status?: 'QUEUED' | 'FETCHED' | 'FAILED' | 'SKIPPED'
  errorCategory?: string
}

export async function addPages(db: Kysely<DB>, jobId: number, pages: CrawledPage[]) {
  await sql`insert into pages (job_id, url_key, url, shard_key, domain, depth, priority, status, error_category)
    select ${jobId}, md5(url)::uuid, url, 'h', 'example.com', 1, 1, coalesce(status, 'FETCHED'), "errorCategory"
    from jsonb_to_recordset(${JSON.stringify(pages)}::jsonb) as r(url text, status text, "errorCategory" text)`.execute(
    db,
  )
}
