import { type Kysely, sql } from 'kysely'

import { keysetPage, type PageRequest, type RowOrder, type RowPage } from './keyset.ts'
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

export function listEvents(db: Kysely<DB>, jobId: number, page: PageRequest): Promise<RowPage<EventRow>> {
  const base = sql`select ${columns} from job_events e where e.job_id = ${jobId}`
  return keysetPage(db, base, eventOrder.columns, page)
}

export async function countEvents(db: Kysely<DB>, jobId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from job_events where job_id = ${jobId}`.execute(db)
  return rows[0]!.n
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
