import { type Kysely, type RawBuilder, sql } from 'kysely'

import { allOf, contains, keysetPage, type PageRequest, type RowOrder, type RowPage } from './keyset.ts'
import type { DB } from './types.ts'

/** A job as it is shown. Its input may be megabytes long and is read on its own: see `jobInputs`. */
export interface JobRow {
  id: number
  kind: string
  state: string
  title: string
  owner: string
  phase: string
  /** Number of its last event. */
  seq: number
  total: number | null
  done: number
  succeeded: number
  failed: number
  skipped: number
  bytesDone: number
  results: number
  /** How many steps its shards have made: the number of the last one. */
  steps: number
  errorCode: string | null
  errorMessage: string | null
  summary: Record<string, unknown> | null
  createdAt: Date
  /** `createdAt` with its microseconds, for cursors. */
  createdKey: string
  updatedAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

export interface JobFilter {
  kinds?: string[] | undefined
  /** States as stored. */
  states?: string[] | undefined
  /** Part of the title, or the job's id. */
  text?: string | undefined
}

export type JobOrder = 'CREATED_DESC' | 'CREATED_ASC'

const columns =
  sql.raw(`j.id, j.kind, j.state, j.title, j.owner, j.phase, j.seq, j.total, j.done, j.succeeded, j.failed, j.skipped,
  j.bytes_done as "bytesDone", j.results, j.steps, j.error_code as "errorCode", j.error_message as "errorMessage", j.summary,
  j.created_at as "createdAt", j.created_at::text as "createdKey", j.updated_at as "updatedAt", j.started_at as "startedAt",
  j.finished_at as "finishedAt"`)

export const jobOrders: Record<JobOrder, RowOrder<JobRow>> = {
  CREATED_DESC: byCreation(true),
  CREATED_ASC: byCreation(false),
}

/** Index jobs_by_owner. */
export function listJobs(
  db: Kysely<DB>,
  owner: string,
  filter: JobFilter,
  order: JobOrder,
  page: PageRequest,
): Promise<RowPage<JobRow>> {
  return keysetPage(
    db,
    sql`select ${columns} from jobs j where ${matches(owner, filter)}`,
    jobOrders[order].columns,
    page,
  )
}

export async function countJobs(db: Kysely<DB>, owner: string, filter: JobFilter): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from jobs j where ${matches(owner, filter)}`.execute(
    db,
  )
  return rows[0]!.n
}

/** Jobs by id, whoever owns them; those that do not exist are left out. */
export async function jobsById(db: Kysely<DB>, ids: readonly number[]): Promise<Map<number, JobRow>> {
  const { rows } = await sql<JobRow>`select ${columns} from jobs j where j.id = any(${ids}::bigint[])`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}

export async function jobInputs(db: Kysely<DB>, ids: readonly number[]): Promise<Map<number, unknown>> {
  const { rows } = await sql<{ id: number; input: unknown }>`
    select id, input from jobs where id = any(${ids}::bigint[])`.execute(db)
  return new Map(rows.map((row) => [row.id, row.input]))
}

/** Jobs that can change by themselves, and those younger than `afterId`. */
export async function unsettledJobIds(db: Kysely<DB>, afterId: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from jobs where state in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING')
    union select id from jobs where id > ${afterId}`.execute(db)
  return rows.map((row) => row.id)
}

export async function lastJobId(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ id: number | null }>`select max(id) as id from jobs`.execute(db)
  return rows[0]!.id ?? 0
}

function matches(owner: string, filter: JobFilter): RawBuilder<unknown> {
  const conditions = [sql`j.owner = ${owner}`]
  if (filter.kinds) conditions.push(sql`j.kind = any(${filter.kinds}::text[])`)
  if (filter.states) conditions.push(sql`j.state = any(${filter.states}::text[])`)
  const text = filter.text?.trim()
  if (text) {
    const id = /^\d{1,15}$/.test(text) ? sql`j.id = ${text}::bigint` : sql`false`
    conditions.push(sql`(${contains('j.title', text)} or ${id})`)
  }
  return allOf(conditions)
}

function byCreation(desc: boolean): RowOrder<JobRow> {
  return {
    columns: [
      { column: 'j.created_at', type: 'timestamptz', desc },
      { column: 'j.id', type: 'bigint', desc },
    ],
    keyOf: (row) => [row.createdKey, row.id],
  }
}
