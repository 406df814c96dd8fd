import { type Kysely, sql } from 'kysely'

import { storableText } from './json.ts'
import { suppressedAmong } from './suppressions.ts'
import type { DB } from './types.ts'

/**
 * Notes that an address is asked about, before it is: from here until `endCall` it is uncertain whether it was paid for. Returns the number of the call; undefined
 * where no job may store the address.
 */
export async function beginCall(
  db: Kysely<DB>,
  { service, address, jobId, workerId }: { service: string; address: string; jobId: number; workerId: string },
): Promise<number | undefined> {
  return db.transaction().execute(async (trx) => {
    if ((await suppressedAmong(trx, [address])).size > 0) return undefined
    const { rows } = await sql<{ id: number }>`
      insert into service_calls (service, address, job_id, worker_id) values (${service}, ${address}, ${jobId}, ${workerId}) returning id`.execute(
      trx,
    )
    return rows[0]!.id
  })
}

export type CallEnd =
  | { state: 'ANSWERED' | 'PENDING' }
  /** `message`: what went wrong. */
  | { state: 'FAILED'; message: string }

export async function endCall(db: Kysely<DB>, id: number, end: CallEnd, at: Date): Promise<void> {
  const message = end.state === 'FAILED' ? storableText(end.message) : null
  await sql`
    update service_calls set state = ${end.state}, message = ${message}, ended_at = ${at} where id = ${id}`.execute(db)
}

/** What has gone wrong with an address in a job so far. */
export interface CallTroubles {
  failed: number
  pending: number
  lastAt: Date
  message: string | null
}

/** By address, of those that had any. A call that nobody knows the outcome of is no failure: it is made again. */
export async function callTroubles(
  db: Kysely<DB>,
  jobId: number,
  service: string,
  addresses: readonly string[],
): Promise<Map<string, CallTroubles>> {
  const { rows } = await sql<CallTroubles & { address: string }>`
    select address, count(*) filter (where state = 'FAILED') as failed, count(*) filter (where state = 'PENDING') as pending, max(ended_at) as "lastAt",
      (array_agg(message order by id desc))[1] as message
    from service_calls where job_id = ${jobId} and service = ${service} and address = any(${addresses}::text[]) and state in ('FAILED', 'PENDING') and counts
    group by address`.execute(db)
  return new Map(rows.map((row) => [row.address, row]))
}

/** What went wrong before counts no longer: the user has the addresses tried again. */
export async function forgetCallTroubles(db: Kysely<DB>, jobId: number, addresses: readonly string[]): Promise<void> {
  await sql`
    update service_calls set counts = false where job_id = ${jobId} and address = any(${addresses}::text[]) and counts`.execute(
    db,
  )
}

export type PaceAnswer = { waitMs: number } | { pausedUntil: Date; why: string }

/** Reserves the next call of an account: not before `waitMs` are over, unless all calls are paused. */
export async function reserveCall(
  db: Kysely<DB>,
  { account, intervalMs, now }: { account: string; intervalMs: number; now: Date },
): Promise<PaceAnswer> {
  const { rows } = await sql<{ waitMs: number; pausedUntil: Date | null; why: string | null }>`
    insert into service_paces as p (account, next_at) values (${account}, now() + ${intervalMs} * interval '1 ms')
    on conflict (account) do update set next_at = case when p.paused_until > ${now} then p.next_at else greatest(p.next_at, now()) + ${intervalMs} * interval '1 ms' end
    returning greatest(0, ceil(extract(epoch from next_at - ${intervalMs} * interval '1 ms' - now()) * 1000))::float8 as "waitMs",
      case when paused_until > ${now} then paused_until end as "pausedUntil", paused_why as why`.execute(db)
  const { waitMs, pausedUntil, why } = rows[0]!
  return pausedUntil ? { pausedUntil, why: why ?? '' } : { waitMs }
}

/** Reserves the next moment of an account where that is now, and returns 0; else nothing, and for how many milliseconds to wait. */
export async function reserveWithin(
  db: Kysely<DB>,
  { account, intervalMs }: { account: string; intervalMs: number },
): Promise<number> {
  const { rows } = await sql<{ waitMs: number }>`
    with mine as (
      insert into service_paces as p (account, next_at) values (${account}, now() + ${intervalMs} * interval '1 ms')
      on conflict (account) do update set next_at = excluded.next_at where p.next_at <= now() returning account)
    select case when exists (select from mine) then 0
      else greatest(1, ceil(extract(epoch from (select next_at from service_paces where account = ${account}) - now()) * 1000)) end::float8 as "waitMs"`.execute(
    db,
  )
  return rows[0]!.waitMs
}

/** Nobody calls with this account before `until`. */
export async function pauseAccount(db: Kysely<DB>, account: string, until: Date, why: string): Promise<void> {
  await sql`
    insert into service_paces as p (account, paused_until, paused_why) values (${account}, ${until}, ${storableText(why)})
    on conflict (account) do update set paused_until = greatest(p.paused_until, excluded.paused_until), paused_why = excluded.paused_why`.execute(
    db,
  )
}

/** Calls and batches of a worker that is gone: nobody knows what became of them. */
export async function leaveUncertain(db: Kysely<DB>, workerId: string): Promise<void> {
  await sql`
    update service_calls set state = 'UNCERTAIN', ended_at = now(), message = 'the worker ended before the answer was stored'
    where worker_id = ${workerId} and state = 'ASKED'`.execute(db)
  await sql`
    update service_batches set state = 'UNCERTAIN', message = 'the worker ended before its id was stored'
    where worker_id = ${workerId} and state = 'SENDING'`.execute(db)
}
