import { type RawBuilder, sql, type Transaction } from 'kysely'

import { jsonText } from './json.ts'
import { forgetCallTroubles } from './service-calls.ts'
import type { DB } from './types.ts'
import {
  type Answering,
  answering,
  byVerdict,
  forgetFailedChecks,
  hasObjected,
  itemsAt,
  preferred,
  verdictArrayNames,
  verdictArrays,
  type VerdictRow,
} from './verdicts.ts'
import { type ListRange, shardKeyOf } from './verify-lists.ts'

/** An address of a job's list with the verdict that was found for it now. */
export interface NewVerification {
  position: number
  address: string
  /** Rows that share one share the object. */
  verdict: VerdictRow
}

/** Ranges of the list whose addresses are answered from the store, as far as it can. */
export interface StoreQuestion extends Answering {
  ranges: readonly ListRange[]
}

export interface AddedVerifications {
  succeeded: number
  /** Their addresses. */
  failedItems: string[]
}

/**
 * Gives addresses of the list their verdicts: those that were found now, and those that the store has. Each address once, whoever of several shards comes
 * first; all in one statement, so that everybody inserts in the order of the keys. Whose owner has objected comes onto the list of suppressions, unless somebody
 * has taken it from there, and nothing but the objection is kept in the store. `names`: of engines, for people.
 */
export async function addVerifications(
  trx: Transaction<DB>,
  { jobId, groupId, names }: { jobId: number; groupId: number; names: Readonly<Record<string, string>> },
  found: readonly NewVerification[],
  store: StoreQuestion,
): Promise<AddedVerifications> {
  if (found.length === 0 && store.ranges.length === 0) return { succeeded: 0, failedItems: [] }
  const parts = [
    ...(found.length > 0 ? [rowsOf(jobId, found)] : []),
    ...(store.ranges.length > 0 ? [answersOf(jobId, store)] : []),
  ]
  const { rows } = await sql<AddedVerifications>`
    with added as (
      insert into job_verifications (job_id, domain, address, position, group_id, place, status, reason, score, flags, suggestion, depth, engine, checked_at,
        holds_until, failed, from_store)
      select ${jobId}::bigint, n.domain, n.address, n.position, ${groupId}::bigint, row_number() over (order by n.domain, n.address, n.position) - 1, n.status,
        n.reason, n.score, n.flags, n.suggestion, n.depth, n.engine, n.checked_at, n.holds_until, n.failed, n.from_store
      from (${sql.join(parts, sql` union all `)}) n order by n.domain, n.address, n.position
      on conflict do nothing returning failed, address, reason, engine),
    objectors as (
      insert into suppressions (hash, address, reason, source)
      select suppression_hash(a.address), a.address, 'its owner has objected, says ' || coalesce(${jsonText(names)}::jsonb ->> a.engine, a.engine), 'OBJECTION' from added a
      where a.reason = 'legal_refusal' and not exists (select from suppression_removals r where r.hash = suppression_hash(a.address))
      order by 1
      on conflict do nothing returning address),
    no_history as (delete from verdict_history h using objectors o where h.address = o.address),
    no_verdicts as (delete from verdicts v using objectors o where v.address = o.address and v.reason <> 'legal_refusal')
    select count(*) filter (where not failed) as succeeded, coalesce(array_agg(address) filter (where failed), '{}') as "failedItems" from added`.execute(
    trx,
  )
  return rows[0]!
}

function rowsOf(jobId: number, found: readonly NewVerification[]): RawBuilder<unknown> {
  const { said, positions, first, last } = byVerdict(found)
  return sql`
    select i.domain, i.address, i.position, s.status, s.reason, s.score, string_to_array(s.flags, ',') as flags, s.suggestion, s.depth, s.engine, s.checked_at,
      s.holds_until, s.failed, false as from_store
    from unnest(${positions}::text[], ${verdictArrays(said)}) s(positions, ${verdictArrayNames})
    ${itemsAt(jobId, first, last)}`
}

function answersOf(jobId: number, { ranges, ...store }: StoreQuestion): RawBuilder<unknown> {
  const preference = sql`array_position(${preferred(store.answers)}::text[], v.depth || ' ' || v.engine)`
  return sql`
    select i.domain, i.address, i.position, v.status, v.reason, v.score, v.flags, v.suggestion, v.depth, v.engine, v.checked_at, v.holds_until, v.failed, true as from_store
    from unnest(${ranges.map(({ from }) => from)}::bigint[], ${ranges.map(({ to }) => to)}::bigint[]) r(first, behind)
    join verify_items i on i.job_id = ${jobId} and i.position >= r.first and i.position < r.behind and i.domain <> ''
    join lateral (
      select v.* from verdicts v where v.address = i.address and ${answering(store)}
      order by ${hasObjected} desc, ${preference} limit 1) v on true`
}

/** Rows of whole ranges that are not those for which an address was checked: duplicates, and rows without one. */
export async function countOthers(trx: Transaction<DB>, jobId: number, ranges: readonly ListRange[]): Promise<number> {
  if (ranges.length === 0) return 0
  const { rows } = await sql<{ n: number }>`
    select coalesce(sum(
      (select count(*) from verify_items i where i.job_id = ${jobId} and i.position >= r.first and i.position < r.behind)
      - (select count(*) from job_verifications v where v.job_id = ${jobId} and v.position >= r.first and v.position < r.behind)), 0) as n
    from unnest(${ranges.map(({ from }) => from)}::bigint[], ${ranges.map(({ to }) => to)}::bigint[]) r(first, behind)`.execute(
    trx,
  )
  return rows[0]!.n
}

export interface VerificationSums {
  addresses: number
  fromStore: number
  byStatus: Record<string, number>
}

export async function sumVerifications(trx: Transaction<DB>, jobId: number): Promise<VerificationSums> {
  const { rows } = await sql<{ status: string; addresses: number; fromStore: number }>`
    select status, count(*) as addresses, count(*) filter (where from_store) as "fromStore" from job_verifications where job_id = ${jobId}
    group by status order by status`.execute(trx)
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((all, row) => all + of(row), 0)
  return {
    addresses: sum((row) => row.addresses),
    fromStore: sum((row) => row.fromStore),
    byStatus: Object.fromEntries(rows.map((row) => [row.status, row.addresses])),
  }
}

/** Makes addresses whose check failed open again, to be checked at once, and returns how many. */
export async function reopenFailed(trx: Transaction<DB>, jobId: number): Promise<number> {
  const { rows } = await sql<{ address: string; domain: string }>`
    select address, domain from job_verifications where job_id = ${jobId} and failed order by domain, address`.execute(
    trx,
  )
  await forgetFailedChecks(
    trx,
    rows.map(({ address }) => address),
  )
  await forgetCallTroubles(
    trx,
    jobId,
    rows.map(({ address }) => address),
  )
  await sql`
    with faulty as (
      select domain from domain_facts where domain = any(${[...new Set(rows.map(({ domain }) => domain))]}::text[]) and faults > 0 order by domain for update)
    update domain_facts f set holds_until = least(f.holds_until, now()) from faulty where f.domain = faulty.domain`.execute(
    trx,
  )
  const { numAffectedRows } = await sql`delete from job_verifications where job_id = ${jobId} and failed`.execute(trx)
  return Number(numAffectedRows ?? 0)
}

/**
 * Removes an address from the results of all jobs. Its row of the list becomes one without an address, which is skipped: where the others of its range are
 * counted already, here; else with them.
 */
export async function forgetVerifications(trx: Transaction<DB>, address: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with found as materialized (
      select v.job_id, ${shardKeyOf('v.position', 'l.rows_per_shard')} as key
      from job_verifications v join verify_lists l on l.job_id = v.job_id where v.address = ${address}),
    counted as materialized (
      select s.job_id, coalesce(s.checkpoint ->> 'closed' = 'true', false) as closed from job_shards s
      join found f on f.job_id = s.job_id and f.key collate "C" = s.key order by s.job_id, s.key for update of s),
    gone as (delete from job_verifications where address = ${address} returning job_id, failed),
    held as (
      select j.id, g.failed, c.closed from jobs j join gone g on g.job_id = j.id join counted c on c.job_id = j.id order by j.id for update of j),
    corrected as (
      update jobs j set results = greatest(0, results - 1), succeeded = succeeded - (not h.failed)::int, failed = j.failed - h.failed::int,
        skipped = skipped + h.closed::int, done = done - (not h.closed)::int
      from held h where j.id = h.id)
    select count(*) as n from gone`.execute(trx)
  return rows[0]!.n
}

/** Takes back what was counted as others in shards that are to be counted anew, and returns how many that was. Their checkpoints say so no longer. */
export async function uncountOthers(trx: Transaction<DB>, jobId: number): Promise<number> {
  const { rows } = await sql<ListRange>`
    with again as (
      update job_shards s set checkpoint = s.checkpoint - 'counted' where s.job_id = ${jobId} and s.checkpoint ? 'counted' returning s.key)
    select substr(a.key, 6)::bigint as "from", substr(a.key, 6)::bigint + l.rows_per_shard as "to" from again a join verify_lists l on l.job_id = ${jobId}`.execute(
    trx,
  )
  return countOthers(trx, jobId, rows)
}
