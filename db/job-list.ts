import { type Kysely, type RawBuilder, sql } from 'kysely'

import { ranMs } from './jobs.ts'
import { storableText } from './json.ts'
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
  /** Milliseconds in which it has run, without the time in which it stood still. */
  ranMs: number
}

export interface JobFilter {
  kinds?: string[] | undefined
  /** States as stored. */
  states?: string[] | undefined
  /** Part of the title, or the job's id. */
  text?: string | undefined
  owner?: string | undefined
  createdFrom?: Date | undefined
  /** Not included. */
  createdTo?: Date | undefined
}

export type JobOrder = 'CREATED_DESC' | 'CREATED_ASC'

const columns = sql`${sql.raw(`j.id, j.kind, j.state, j.title, j.owner, j.phase, j.seq, j.total, j.done, j.succeeded, j.failed, j.skipped,
  j.bytes_done as "bytesDone", j.results, j.steps, j.error_code as "errorCode", j.error_message as "errorMessage", j.summary,
  j.created_at as "createdAt", j.created_at::text as "createdKey", j.updated_at as "updatedAt", j.started_at as "startedAt",
  j.finished_at as "finishedAt"`)}, ${ranMs} as "ranMs"`

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

export async function countJobs(
  db: Kysely<DB>,
  owner: string,
  filter: JobFilter & { someFailed?: boolean },
): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from jobs j where ${matches(owner, filter)}`.execute(
    db,
  )
  return rows[0]!.n
}

/** Ids of jobs behind `after` up to `upTo`, in order, at most `limit`. */
export async function listJobIds(
  db: Kysely<DB>,
  owner: string,
  filter: JobFilter & { someFailed?: boolean },
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select j.id from jobs j where ${matches(owner, filter)} and j.id > ${after} and j.id <= ${upTo}
    order by j.id limit ${limit}`.execute(db)
  return rows.map((row) => row.id)
}

/** Sums over jobs of one kind in one state. */
export interface JobSums {
  kind: string
  state: string
  jobs: number
  done: number
  succeeded: number
  failed: number
  skipped: number
  results: number
}

/** By kind and state, one scan of the owner's jobs. */
export async function sumJobs(db: Kysely<DB>, owner: string, filter: JobFilter): Promise<JobSums[]> {
  const { rows } = await sql<JobSums>`
    select j.kind, j.state, count(*) as jobs, sum(j.done) as done, sum(j.succeeded) as succeeded, sum(j.failed) as failed,
      sum(j.skipped) as skipped, sum(j.results) as results
    from jobs j where ${matches(owner, filter)} group by j.kind, j.state order by j.kind, j.state`.execute(db)
  return rows
}

/** Jobs by id, whoever owns them; those that do not exist are left out. */
export async function jobsById(db: Kysely<DB>, ids: readonly number[]): Promise<Map<number, JobRow>> {
  const { rows } =
    await sql<JobRow>`select ${columns} from jobs j where j.id = any(${ids}::bigint[]) and j.state <> 'DELETED'`.execute(
      db,
    )
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
    union select id from jobs where id > ${afterId} and state <> 'DELETED'`.execute(db)
  return rows.map((row) => row.id)
}

export async function lastJobId(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ id: number | null }>`select max(id) as id from jobs`.execute(db)
  return rows[0]!.id ?? 0
}

function matches(owner: string, filter: JobFilter & { someFailed?: boolean }): RawBuilder<unknown> {
  const conditions = [sql`j.owner = ${owner}`, sql`j.state <> 'DELETED'`]
  if (filter.someFailed) conditions.push(sql`j.failed > 0`)
  if (filter.kinds) conditions.push(sql`j.kind = any(${filter.kinds}::text[])`)
  if (filter.states) conditions.push(sql`j.state = any(${filter.states}::text[])`)
  if (filter.owner !== undefined) conditions.push(sql`j.owner = ${storableText(filter.owner)}`)
  if (filter.createdFrom) conditions.push(sql`j.created_at >= ${filter.createdFrom}`)
  if (filter.createdTo) conditions.push(sql`j.created_at < ${filter.createdTo}`)
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
