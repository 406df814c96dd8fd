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
