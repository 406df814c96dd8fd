import { type Kysely, type RawBuilder, sql } from 'kysely'

import { storableText } from './json.ts'
import { allOf, contains, keysetPage, type PageRequest, type RowOrder, type RowPage } from './keyset.ts'
import type { DB } from './types.ts'

export interface EventRow {
  jobId: number
  seq: number
  type: string
  at: Date
  shardKey: string | null
  workerId: string | null
  data: EventData
}

export interface EventData {
  message?: string
  url?: string
  category?: string
  httpStatus?: number
  item?: string
  counts?: Record<string, number>
}

const columns = sql.raw(
  `e.job_id as "jobId", e.seq, e.type, e.at, e.shard_key as "shardKey", e.worker_id as "workerId", e.data`,
)

export const eventOrder: RowOrder<EventRow> = {
  columns: [{ column: 'e.seq', type: 'bigint' }],
  keyOf: (row) => [row.seq],
}

/** Which events of a job. A log is pruned to 100,000, so that a filter without an index of its own reads no more. */
export interface EventFilter {
  /** A type, or the beginning of several with a dot at its end: `job.`. */
  types?: string[] | undefined
  categories?: string[] | undefined
  /** Part of the message, the URL or the item. */
  text?: string | undefined
}

export function listEvents(
  db: Kysely<DB>,
  jobId: number,
  filter: EventFilter,
  page: PageRequest,
): Promise<RowPage<EventRow>> {
  const base = sql`select ${columns} from job_events e where ${matches(jobId, filter)}`
  return keysetPage(db, base, eventOrder.columns, page)
}

export async function countEvents(db: Kysely<DB>, jobId: number, filter: EventFilter): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from job_events e where ${matches(jobId, filter)}`.execute(db)
  return rows[0]!.n
}

function matches(jobId: number, { types, categories, text }: EventFilter): RawBuilder<unknown> {
  const conditions = [sql`e.job_id = ${jobId}`]
  if (types) {
    const whole = types.filter((type) => !type.endsWith('.')).map(storableText)
    const beginnings = types.filter((type) => type.endsWith('.')).map(storableText)
    conditions.push(sql`(e.type = any(${whole}::text[])
      or exists (select 1 from unnest(${beginnings}::text[]) b where starts_with(e.type, b)))`)
  }
  if (categories) conditions.push(sql`e.data ->> 'category' = any(${categories}::text[])`)
  if (text) {
    const places = ["e.data ->> 'message'", "e.data ->> 'url'", "e.data ->> 'item'"]
    conditions.push(
      sql`(${sql.join(
        places.map((place) => contains(place, text)),
        sql` or `,
      )})`,
    )
  }
  return allOf(conditions)
}

/** Number of the oldest event of a job behind a sequence number that is still there; null: there is none. */
export async function oldestBehind(db: Kysely<DB>, jobId: number, after: number): Promise<number | null> {
  const { rows } = await sql<{ seq: number | null }>`
    select min(seq) as seq from job_events where job_id = ${jobId} and seq > ${after}`.execute(db)
  return rows[0]!.seq
}

/** Events of several jobs behind a sequence number each, at most `limit` a job, in order. */
export async function eventsBehind(
  db: Kysely<DB>,
  jobs: readonly { jobId: number; after: number }[],
  limit: number,
): Promise<EventRow[]> {
  const { rows } = await sql<EventRow>`
    select ${columns} from unnest(${jobs.map((j) => j.jobId)}::bigint[], ${jobs.map((j) => j.after)}::bigint[]) w(job_id, after)
    cross join lateral (
      select * from job_events l where l.job_id = w.job_id and l.seq > w.after order by l.seq limit ${limit}) e
    order by e.job_id, e.seq`.execute(db)
  return rows
}
