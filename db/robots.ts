import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

/** What was got for `/robots.txt`. */
export interface StoredRobots {
  /** Null where there was no answer to go by, as after too many redirects. */
  httpStatus: number | null
  /** As it came; null where there is none to obey. */
  body: Uint8Array | null
}

/** By scheme, host and port; undefined where nothing is stored or it has expired. */
export async function findRobots(db: Kysely<DB>, origin: string): Promise<StoredRobots | undefined> {
  const { rows } = await sql<StoredRobots>`
    select http_status as "httpStatus", body from robots where origin = ${origin} and expires_at > now()`.execute(db)
  return rows[0]
}

export async function saveRobots(
  db: Kysely<DB>,
  origin: string,
  { httpStatus, body, holdsMs }: StoredRobots & { holdsMs: number },
): Promise<void> {
  await sql`
    insert into robots (origin, http_status, body, fetched_at, expires_at)
    values (${origin}, ${httpStatus}, ${body && Buffer.from(body)}, now(), now() + ${holdsMs} * interval '1 ms')
    on conflict (origin) do update set http_status = excluded.http_status, body = excluded.body, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at`.execute(
    db,
  )
}
