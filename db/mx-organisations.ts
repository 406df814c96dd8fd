import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

/** How mail hosts are treated, by who runs them. */
export interface MxLimits {
  /** Open at the same time. */
  connections: number
  /** Pause between the starts of two connections, unless they asked for more. */
  intervalMs: number
  /** Recipients that are asked about. */
  perHour: number
  perDay: number
}

/** A connection is over by then, whatever happens. */
const leaseMs = 600_000
const longestIntervalMs = 600_000

export type MxAnswer =
  | { may: 'connect' }
  /** Too many or too soon: after so long. */
  | { may: 'wait'; waitMs: number; why: string }
  /** They refused to talk to us; nobody tries before `until`. */
  | { may: 'not'; until: Date; why: string }

/** Reserves a connection for asking about `recipients` addresses. One at a time asks for an organisation, so that limits hold over all workers. */
export async function reserveConnection(
  db: Kysely<DB>,
  options: { organisation: string; lease: string; workerId: string; recipients: number; now: Date; limits: MxLimits },
): Promise<MxAnswer> {
  const { organisation, lease, workerId, recipients, now, limits } = options
  return await db.transaction().execute(async (trx) => {
    await sql`
      insert into mx_organisations (organisation, interval_ms) values (${organisation}, ${limits.intervalMs}) on conflict do nothing`.execute(
      trx,
    )
    const { rows } = await sql<{
      closedUntil: Date | null
      closedWhy: string | null
      nextMs: number
      inHour: number
      hourMs: number
      inDay: number
      dayMs: number
    }>`
      select closed_until as "closedUntil", closed_why as "closedWhy", ${msUntil('next_at')} as "nextMs",
        case when hour_at > now() - interval '1 hour' then in_hour else 0 end as "inHour", ${msUntil("hour_at + interval '1 hour'")} as "hourMs",
        case when day_at > now() - interval '1 day' then in_day else 0 end as "inDay", ${msUntil("day_at + interval '1 day'")} as "dayMs"
      from mx_organisations where organisation = ${organisation} for update`.execute(trx)
    const state = rows[0]!
    if (state.closedUntil && state.closedUntil > now)
      return { may: 'not', until: state.closedUntil, why: state.closedWhy ?? '' }
    const limit = (waitMs: number, why: string): MxAnswer => ({ may: 'wait', waitMs, why: `${why} of ${organisation}` })
    if (state.inDay + recipients > limits.perDay && state.inDay > 0) return limit(state.dayMs, 'daily limit')
    if (state.inHour + recipients > limits.perHour && state.inHour > 0) return limit(state.hourMs, 'hourly limit')
    if (state.nextMs > 0) return limit(state.nextMs, 'pause between connections to the mail hosts')
    const { rows: open } = await sql<{ n: number }>`
      select count(*) as n from mx_connections where organisation = ${organisation} and leased_until > now()`.execute(
      trx,
    )
    if (open[0]!.n >= limits.connections) return limit(200, 'connections to the mail hosts')
    await sql`
      insert into mx_connections (lease, organisation, worker_id, leased_until)
      values (${lease}, ${organisation}, ${workerId}, now() + ${leaseMs} * interval '1 ms')`.execute(trx)
    await sql`
      update mx_organisations set next_at = now() + interval_ms * interval '1 ms',
        in_hour = ${recipients} + case when hour_at > now() - interval '1 hour' then in_hour else 0 end,
        hour_at = case when hour_at > now() - interval '1 hour' then hour_at else now() end,
        in_day = ${recipients} + case when day_at > now() - interval '1 day' then in_day else 0 end,
        day_at = case when day_at > now() - interval '1 day' then day_at else now() end
      where organisation = ${organisation}`.execute(trx)
    return { may: 'connect' }
  })
}

/** Holds connections for longer. */
export async function renewConnections(db: Kysely<DB>, leases: readonly string[]): Promise<void> {
  await sql`
    with mine as (select lease from mx_connections where lease = any(${leases}::uuid[]) order by lease for update)
    update mx_connections c set leased_until = now() + ${leaseMs} * interval '1 ms' from mine where c.lease = mine.lease`.execute(
    db,
  )
}

export async function releaseConnection(db: Kysely<DB>, lease: string): Promise<void> {
  await sql`delete from mx_connections where lease = ${lease}`.execute(db)
}

/** They asked for patience: twice the pause from now on. */
export async function slowDown(db: Kysely<DB>, organisation: string): Promise<void> {
  await sql`
    update mx_organisations set interval_ms = least(greatest(interval_ms, 1000) * 2, ${longestIntervalMs}), next_at = now() + interval_ms * interval '1 ms'
    where organisation = ${organisation}`.execute(db)
}

/** They talk to us: the pause comes down again, and earlier refusals are forgotten. */
export async function speedUp(db: Kysely<DB>, organisation: string, { intervalMs }: MxLimits): Promise<void> {
  await sql`
    update mx_organisations set interval_ms = greatest(${intervalMs}, interval_ms * 3 / 4), refusals = 0
    where organisation = ${organisation} and (interval_ms > ${intervalMs} or refusals > 0)`.execute(db)
}

/** They refuse to talk to us: nobody tries for a while, longer each time. `holdMs` by refusals in a row, the last one from then on. */
export async function openCircuit(
  db: Kysely<DB>,
  organisation: string,
  { now, why, holdMs }: { now: Date; why: string; holdMs: readonly number[] },
): Promise<void> {
  await sql`
    update mx_organisations set refusals = refusals + 1, closed_why = ${why},
      closed_until = ${now}::timestamptz + (${holdMs}::bigint[])[least(refusals + 1, ${holdMs.length})] * interval '1 ms'
    where organisation = ${organisation} and (closed_until is null or closed_until <= ${now})`.execute(db)
}

/** A connection stood, or could not be made. */
export async function noteReach(db: Kysely<DB>, organisation: string, connected: boolean): Promise<void> {
  const column = sql.raw(connected ? 'connected_at' : 'failed_at')
  await sql`
    insert into mx_reach (organisation, ${column}) values (${organisation}, now())
    on conflict (organisation) do update set ${column} = excluded.${column}`.execute(db)
}

/**
 * Whether connections to mail servers get out at all. Blocked: for an hour nothing stood, while several organisations, of which none has anything to do with
 * the others, could not be reached.
 */
export async function port25(db: Kysely<DB>, severalOrganisations: number): Promise<'open' | 'blocked' | 'unknown'> {
  const { rows } = await sql<{ open: boolean; failing: number }>`
    select coalesce(bool_or(connected_at > now() - interval '1 hour'), false) as open, count(*) filter (where failed_at > now() - interval '1 hour') as failing
    from mx_reach where connected_at > now() - interval '1 hour' or failed_at > now() - interval '1 hour'`.execute(db)
  const { open, failing } = rows[0]!
  return open ? 'open' : failing >= severalOrganisations ? 'blocked' : 'unknown'
}

function msUntil(moment: string) {
  return sql.raw(`greatest(0, ceil(extract(epoch from ${moment} - now()) * 1000))::float8`)
}
