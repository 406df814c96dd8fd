import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

import { storableText } from './json.ts'
import { allOf, contains, keysetPage, type PageRequest, type RowOrder, type RowPage } from './keyset.ts'
import type { DB } from './types.ts'

/** Who put an address on the list: somebody, a list that was uploaded, its being forgotten, or a service to which its owner has objected. */
export type SuppressionSource = 'PERSON' | 'UPLOAD' | 'FORGOTTEN' | 'OBJECTION'

export interface SuppressionRow {
  id: number
  /** Null where it is forgotten: nobody can read it from the list any more. */
  address: string | null
  reason: string
  source: SuppressionSource
  since: Date
}

const barrier = sql`hashtextextended('mailquarry.suppression', 0)`

/**
 * Which of these addresses (in normal form) no job may store. For the `save` of every kind, in the step's own transaction and before it
 * stores any: what is put on the list later waits for this transaction, so that none slips through in between.
 */
export async function suppressedAmong(trx: Transaction<DB>, addresses: readonly string[]): Promise<Set<string>> {
  if (addresses.length === 0) return new Set()
  await holdSuppressions(trx)
  // A statement of its own: its snapshot is taken under the lock.
  return suppressedNow(trx, addresses)
}

/** What the list says to the statements of this transaction that follow holds until it ends: whoever adds to it waits. */
export async function holdSuppressions(trx: Transaction<DB>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${barrier})`.execute(trx)
}

/** Which of these addresses are on the list at this moment: for what asks before it acts. What is stored goes by `suppressedAmong`. */
export async function suppressedNow(db: Kysely<DB>, addresses: readonly string[]): Promise<Set<string>> {
  // Most lists are empty, and then nothing need be sent.
  const { rows: some } = await sql<{ exists: boolean }>`select exists (select from suppressions)`.execute(db)
  if (!some[0]!.exists) return new Set()
  const { rows } = await sql<{ address: string }>`
    select a.address from unnest(${[...new Set(addresses)]}::text[]) a (address)
    where exists (select from suppressions s where s.hash = suppression_hash(a.address))`.execute(db)
  return new Set(rows.map(({ address }) => address))
}

/** SQL: whether the address in this column is on the list at this moment. Most lists are empty, and then nothing is hashed. */
export function onList(column: string): string {
  return `(exists (select from suppressions) and exists (select from suppressions s where s.hash = suppression_hash(${column})))`
}

/** Waits until all steps that may have looked at the list before it was changed have ended. Nothing is locked afterwards. */
export async function awaitSteps(db: Kysely<DB>): Promise<void> {
  await db.transaction().execute((trx) => sql`select pg_advisory_xact_lock(${barrier})`.execute(trx))
}

/** Puts addresses in normal form on the list; returns how many were not there. Those that are keep their reason. */
export async function addSuppressions(
  db: Kysely<DB>,
  addresses: readonly string[],
  { reason, source }: { reason: string; source: SuppressionSource },
): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into suppressions (hash, address, reason, source)
    select suppression_hash(a.address), a.address, ${storableText(reason)}, ${source}
    from unnest(${[...new Set(addresses)].sort()}::text[]) a (address)
    on conflict do nothing`.execute(db)
  return Number(numAffectedRows ?? 0)
}

/** Marks an address as one that is to be forgotten, on the list or not. */
export async function beginForgetting(db: Kysely<DB>, address: string, reason: string): Promise<void> {
  await sql`
    insert into suppressions as s (hash, address, reason, source, forgetting)
    values (suppression_hash(${address}), ${address}, ${storableText(reason)}, 'FORGOTTEN', true)
    on conflict (hash) do update set address = excluded.address, reason = excluded.reason, source = excluded.source, forgetting = true`.execute(
    db,
  )
}

export async function addressesToForget(db: Kysely<DB>, limit: number): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    select address from suppressions where forgetting and address is not null order by id limit ${limit}`.execute(db)
  return rows.map(({ address }) => address)
}

/** It is gone from everywhere else: from here on the hash alone knows it. */
export async function endForgetting(trx: Transaction<DB>, address: string): Promise<void> {
  await sql`
    update suppressions set forgetting = false, address = null
    where hash = suppression_hash(${address}) and forgetting`.execute(trx)
  await sql`update forgettings set count = count + 1`.execute(trx)
}

/** How often somebody has been forgotten: what was read before this number was reached may name them. */
export async function countForgettings(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count from forgettings`.execute(db)
  return rows[0]!.count
}

/** Takes an address from the list and notes why. False where it was not there, or is being forgotten. */
export async function removeSuppression(
  db: Kysely<DB>,
  address: string,
  { reason, by }: { reason: string; by: string },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    with gone as (
      delete from suppressions where hash = suppression_hash(${address}) and not forgetting returning hash, source, since)
    insert into suppression_removals (hash, source, since, reason, removed_by)
    select hash, source, since, ${storableText(reason)}, ${by} from gone`.execute(db)
  return Number(numAffectedRows ?? 0) === 1
}

export interface SuppressionFilter {
  /** Exactly this one, in normal form: finds forgotten ones too. */
  address?: string | undefined
  /** Part of the address or of the reason. */
  text?: string | undefined
  /** The text, where it is an address, in normal form: finds it where it was forgotten too. */
  textAddress?: string | undefined
  sources?: string[] | undefined
}

/** The youngest first. */
export const suppressionOrder: RowOrder<SuppressionRow> = {
  columns: [{ column: 's.id', type: 'bigint', desc: true }],
  keyOf: (row) => [row.id],
}

export function listSuppressions(
  db: Kysely<DB>,
  filter: SuppressionFilter,
  page: PageRequest,
): Promise<RowPage<SuppressionRow>> {
  const base = sql`select s.id, case when not s.forgetting then s.address end as address, s.reason, s.source, s.since
    from suppressions s where ${matching(filter)}`
  return keysetPage(db, base, suppressionOrder.columns, page)
}

export async function countSuppressions(db: Kysely<DB>, filter: SuppressionFilter): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from suppressions s where ${matching(filter)}`.execute(
    db,
  )
  return rows[0]!.n
}

function matching({ address, text, textAddress, sources }: SuppressionFilter): RawBuilder<unknown> {
  const conditions = [sql`true`]
  if (address !== undefined) conditions.push(sql`s.hash = suppression_hash(${storableText(address)})`)
  if (sources) conditions.push(sql`s.source = any(${sources}::text[])`)
  if (text) {
    const parts = sql`not s.forgetting and ${contains('s.address', text)} or ${contains('s.reason', text)}`
    const whole = textAddress ? sql`or s.hash = suppression_hash(${textAddress})` : sql``
    conditions.push(sql`(${parts} ${whole})`)
  }
  return allOf(conditions)
}
