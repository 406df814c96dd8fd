import { type Kysely, type RawBuilder, sql } from 'kysely'

import { addressColumns, type JobAddressRow } from './address-list.ts'
import type { OrderColumn } from './keyset.ts'
import type { DB } from './types.ts'
import { type JobVerificationRow, jobVerificationColumns } from './verification-list.ts'

/** One result of a job: a row that carries its commit group and its place in it. */
export type ResultRow = JobAddressRow | VerificationResultRow

/** A verified address of a job, where it stands in committed order. */
export interface VerificationResultRow extends JobVerificationRow {
  step: number
  groupId: number
  place: number
}

/**
 * Where a result stands in committed order: step of its group, the group, its place in it. What commits later stands behind all that
 * could be read before, so whoever goes by it misses nothing.
 */
export type ResultKey = readonly [step: number, groupId: number, place: number]

/** As in a cursor; the same as that of `job.emails` by FOUND. */
export const resultKeyColumns: OrderColumn[] = [
  { column: 'g.step', type: 'bigint' },
  { column: 'g.group_id', type: 'bigint' },
  { column: 'r.place', type: 'integer' },
]

export const noResults: ResultKey = [0, 0, 0]

/** Behind all results of the steps up to this one. */
export function endOfStep(step: number): ResultKey {
  return [step, Number.MAX_SAFE_INTEGER, 2 ** 31 - 1]
}

export function resultKeyOf({ step, groupId, place }: Pick<ResultRow, 'step' | 'groupId' | 'place'>): ResultKey {
  return [step, groupId, place]
}

/** Negative, 0 or positive, as for sorting. */
export function compareResultKeys(a: ResultKey, b: ResultKey): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/**
 * Results of a job behind `after`, of the steps up to `upToStep`, in committed order. They are in one of these tables, each with `job_id`, `group_id` and
 * `place` and an index over the three; no job has rows in two of them.
 */
export async function resultsBehind(
  db: Kysely<DB>,
  jobId: number,
  { after, upToStep, limit }: { after: ResultKey; upToStep: number; limit: number },
): Promise<ResultRow[]> {
  const between = { jobId, after, upToStep, limit }
  const [addresses, verifications] = await Promise.all([
    rowsBehind<JobAddressRow>(db, sql`job_addresses`, addressColumns('r'), between),
    rowsBehind<VerificationResultRow>(
      db,
      sql`job_verifications`,
      sql`${jobVerificationColumns('r')}, r.group_id as "groupId", r.place`,
      between,
    ),
  ])
  return addresses.length > 0 ? addresses : verifications
}

async function rowsBehind<Row extends ResultRow>(
  db: Kysely<DB>,
  table: RawBuilder<unknown>,
  columns: RawBuilder<unknown>,
  { jobId, after, upToStep, limit }: { jobId: number; after: ResultKey; upToStep: number; limit: number },
): Promise<Row[]> {
  // A key over two tables starts no index scan: its first column alone does.
  const { rows } = await sql<Row>`
    select ${columns}, g.step from job_groups g join ${table} r on r.job_id = g.job_id and r.group_id = g.group_id
    where g.job_id = ${jobId} and g.step >= ${after[0]}::bigint and g.step <= ${upToStep}::bigint
      and (g.step, g.group_id, r.place) > (${after[0]}::bigint, ${after[1]}::bigint, ${after[2]}::integer)
    order by g.step, g.group_id, r.place limit ${limit}`.execute(db)
  return rows
}
