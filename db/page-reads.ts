import { type Kysely, sql, type Transaction } from 'kysely'

import type { Sighting } from './sightings.ts'
import type { DB } from './types.ts'

/** By what a server tells whether a page has changed, as it said it. */
export interface Validators {
  etag?: string
  lastModified?: string
}

/** A page that a job has read, or found unchanged, or gone. */
export interface PageRead {
  key: string
  /** The host that was asked for it. */
  shard: string
  /** Left out where it must be read whole next time; else `page_links` of this job says where it leads. */
  version?: Validators & {
    /** When its text was read, where this job found it unchanged; ISO 8601. */
    readAt?: string
  }
}

/** A page that was found unchanged so long ago is read whole all the same: servers err, and we read better than we did. */
const versionHoldsDays = 30

/** Whether an earlier job has read pages of a host. Index page_reads_of_host. */
export async function hasEarlierReads(db: Kysely<DB>, jobId: number, shard: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from page_reads where shard_key = ${shard} and job_id < ${jobId} limit 1`.execute(db)
  return rows.length > 0
}

const usable = (
  key: string,
) => sql`r.url_key = ${key}::uuid and (r.etag is not null or r.last_modified is not null) and j.state <> 'DELETED'
  and r.read_at > now() - ${versionHoldsDays} * interval '1 day'`

/** What the server said of the version that was read last; undefined where the page must be read whole. */
export async function findValidators(db: Kysely<DB>, key: string): Promise<Validators | undefined> {
  const { rows } = await sql<{ etag: string | null; lastModified: string | null }>`
    select r.etag, r.last_modified as "lastModified" from page_reads r join jobs j on j.id = r.job_id where ${usable(key)}`.execute(
    db,
  )
  const [row] = rows
  if (!row) return undefined
  return {
    ...(row.etag !== null && { etag: row.etag }),
    ...(row.lastModified !== null && { lastModified: row.lastModified }),
  }
}

export interface EarlierRead extends Validators {
  /** Where it leads, as `page_links` has it. */
  links: string
  /** ISO 8601. */
  readAt: string
  sightings: Sighting[]
}

/**
 * What was found on a page when it was read last. In one statement: a job that is deleted meanwhile loses its sightings bit by bit, but only after it is marked.
 * Index sightings_by_source.
 */
export async function findEarlierRead(db: Kysely<DB>, key: string): Promise<EarlierRead | undefined> {
  const { rows } = await sql<{
    etag: string | null
    lastModified: string | null
    links: string
    readAt: Date
    sightings: (Sighting & Record<'personName' | 'position' | 'phone' | 'organisation', string | null>)[]
  }>`
    select r.etag, r.last_modified as "lastModified", coalesce(l.links, '') as links, r.read_at as "readAt", coalesce((
      select jsonb_agg(jsonb_build_object('address', s.address, 'sourceKey', s.source_key, 'sourceUrl', s.source_url, 'method', s.method, 'snippet', s.snippet,
        'confidence', s.confidence, 'quality', s.quality, 'reasons', s.reasons, 'personName', s.person_name, 'position', s.position, 'phone', s.phone,
        'organisation', s.organisation) order by s.address, s.method)
      from sightings s where s.source_key = r.url_key and s.job_id = r.job_id), '[]') as sightings
    from page_reads r join jobs j on j.id = r.job_id left join page_links l on l.job_id = r.job_id and l.url_key = r.url_key
    where ${usable(key)}`.execute(db)
  const [row] = rows
  if (!row) return undefined
  const { etag, lastModified, links, readAt, sightings } = row
  return {
    links,
    readAt: readAt.toISOString(),
    ...(etag !== null && { etag }),
    ...(lastModified !== null && { lastModified }),
    sightings: sightings.map(({ personName, position, phone, organisation, ...sighting }) => ({
      ...sighting,
      ...(personName !== null && { personName }),
      ...(position !== null && { position }),
      ...(phone !== null && { phone }),
      ...(organisation !== null && { organisation }),
    })),
  }
}

/** The last to store is the one who has read it last. Takes row locks in the order of the keys. */
export async function savePageReads(trx: Transaction<DB>, jobId: number, reads: readonly PageRead[]): Promise<void> {
  if (reads.length === 0) return
  const byKey = new Map(reads.map((read) => [read.key, read]))
  const all = [...byKey.values()]
  const column = (of: (read: PageRead) => string | undefined) => all.map((read) => of(read) ?? null)
  await sql`
    insert into page_reads (url_key, shard_key, job_id, read_at, etag, last_modified)
    select n.url_key, n.shard_key, ${jobId}::bigint, coalesce(n.read_at, now()), n.etag, n.last_modified
    from unnest(${column(({ key }) => key)}::uuid[], ${column(({ shard }) => shard)}::text[], ${column(({ version }) => version?.readAt)}::timestamptz[],
      ${column(({ version }) => version?.etag)}::text[], ${column(({ version }) => version?.lastModified)}::text[])
      n(url_key, shard_key, read_at, etag, last_modified)
    order by n.url_key
    on conflict (url_key) do update set shard_key = excluded.shard_key, job_id = excluded.job_id, read_at = excluded.read_at, etag = excluded.etag,
      last_modified = excluded.last_modified`.execute(trx)
}
