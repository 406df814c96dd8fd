import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'

/** What a job said of each address, in the order of its list: `VALID mailbox_accepted`, with `, failed` where that is no verdict. */
export async function saidOf(db: Kysely<DB>, jobId: number): Promise<Record<string, string>> {
  const { rows } = await sql<{ address: string; said: string; failed: boolean }>`
    select address, status || ' ' || reason as said, failed from job_verifications where job_id = ${jobId} order by position`.execute(
    db,
  )
  return Object.fromEntries(rows.map((row) => [row.address, row.said + (row.failed ? ', failed' : '')]))
}
