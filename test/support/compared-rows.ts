import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'
import type { AnyJobKind } from '../../jobs/job-kind.ts'

/** By table: the rows of a job in the columns that its kind's example names, which must not depend on how the job was run. */
export async function comparedRows(
  db: Kysely<DB>,
  kind: Pick<AnyJobKind, 'example'>,
  jobId: number,
): Promise<Record<string, Record<string, unknown>[]>> {
  const tables: Record<string, Record<string, unknown>[]> = {}
  for (const [table, columns] of Object.entries(kind.example.compared)) {
    const selected = sql.join(columns.map((column) => sql.ref(column)))
    const { rows } = await sql<Record<string, unknown>>`
      select ${selected} from ${sql.table(table)} where job_id = ${jobId} order by ${selected}`.execute(db)
    tables[table] = rows
  }
  return tables
}

/** By table: some of the rows, in those columns, that one of two jobs has and the other has not, or not as often. Reads nothing into memory but these. */
export async function differentRows(
  db: Kysely<DB>,
  kind: Pick<AnyJobKind, 'example'>,
  jobs: [jobId: number, other: number],
  limit: number,
): Promise<Record<string, { surplus: unknown[]; missing: unknown[] }>> {
  const tables: Record<string, { surplus: unknown[]; missing: unknown[] }> = {}
  for (const [table, columns] of Object.entries(kind.example.compared)) {
    const selected = sql.join(columns.map((column) => sql.ref(column)))
    const rowsOf = (jobId: number) => sql`select ${selected} from ${sql.table(table)} where job_id = ${jobId}`
    const without = async (jobId: number, other: number) =>
      (await sql`${rowsOf(jobId)} except all ${rowsOf(other)} limit ${limit}`.execute(db)).rows
    tables[table] = { surplus: await without(jobs[0], jobs[1]), missing: await without(jobs[1], jobs[0]) }
  }
  return tables
}
