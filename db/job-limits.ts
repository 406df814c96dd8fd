import { sql, type Transaction } from 'kysely'

import type { DB } from './types.ts'

/** Lets one transaction at a time start a job of a kind, until it ends. */
export async function lockStarts(trx: Transaction<DB>, kind: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('mailquarry.start ' || ${kind}, 0))`.execute(trx)
}

/** Jobs of a kind that run or are about to, and those that were started in the last `intervalMs`; `freeInMs`: until the oldest of these is no longer. */
export async function countStarts(
  trx: Transaction<DB>,
  kind: string,
  intervalMs: number,
): Promise<{ open: number; started: number; freeInMs: number }> {
  const recent = sql`created_at > now() - ${intervalMs} * interval '1 ms'`
  const { rows } = await sql<{ open: number; started: number; freeInMs: number }>`
    select count(*) filter (where state <> 'COMPLETED') as open, count(*) filter (where recent) as started,
      coalesce(greatest(0, ${intervalMs} - extract(epoch from now() - min(created_at) filter (where recent)) * 1000), 0)::float8 as "freeInMs"
    from (
      select state, created_at, ${recent} as recent from jobs
      where kind = ${kind} and state in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING')
      union all
      select 'COMPLETED', created_at, true from jobs
      where kind = ${kind} and ${recent} and state not in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING')) j`.execute(
    trx,
  )
  return rows[0]!
}
