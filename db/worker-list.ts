import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

export interface WorkerRow {
  id: string
  host: string
  pid: number
  slots: number
  running: number
  itemsPerSecond: number
  /** Since it entered. */
  steps: number
  commitLagMs: number
  loopLagMs: number
  noticeLagMs: number
  since: Date
  seenAt: Date
}

/** All workers that have announced themselves and are not known to be gone. */
export async function listWorkers(db: Kysely<DB>): Promise<WorkerRow[]> {
  const { rows } = await sql<WorkerRow>`
    select id, host, pid, slots, running, items_per_second as "itemsPerSecond", steps, commit_lag_ms as "commitLagMs",
      loop_lag_ms as "loopLagMs", notice_lag_ms as "noticeLagMs", since, seen_at as "seenAt"
    from workers order by host, pid, id`.execute(db)
  return rows
}
