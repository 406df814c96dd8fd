import { type Kysely, sql, type Transaction } from 'kysely'

import { jsonText, storableText } from './json.ts'
import { onList } from './suppressions.ts'
import type { DB } from './types.ts'
import { type Answering, answering } from './verdicts.ts'

/** How a job's list was read. */
export interface VerifyList {
  /** The user's columns in their order; empty for lists that have none. */
  columns: string[]
  readAs: Record<string, unknown>
  rowsPerShard: number
  /** By the clock of policies. */
  beganAt: Date
}

/** A row of a list. */
export interface ListRow {
  /** From 0. */
  position: number
  /** Empty where the row holds no address. */
  domain: string
  /** In normal form; what was given where that is no address; null for an empty row. */
  address: string | null
  /** As it was given; null where that is the address itself. */
  given: string | null
  /** The whole row, for lists with columns. */
  cells: string[] | null
}

/** Once a job; a second time changes nothing. */
export async function addVerifyList(trx: Transaction<DB>, jobId: number, list: VerifyList): Promise<void> {
  await sql`
    insert into verify_lists (job_id, columns, read_as, rows_per_shard, began_at)
    values (${jobId}, ${list.columns.map(storableText)}::text[], ${jsonText(list.readAs)}::jsonb, ${list.rowsPerShard}, ${list.beganAt})
    on conflict do nothing`.execute(trx)
}

export async function findVerifyList(db: Kysely<DB>, jobId: number): Promise<VerifyList | undefined> {
  const { rows } = await sql<VerifyList>`
    select columns, read_as as "readAs", rows_per_shard as "rowsPerShard", began_at as "beganAt" from verify_lists
    where job_id = ${jobId}`.execute(db)
  return rows[0]
}

/** Rows in the order of their positions. */
export async function addListRows(trx: Transaction<DB>, jobId: number, rows: readonly ListRow[]): Promise<void> {
  if (rows.length === 0) return
  // One JSON text for all rows: quoted once more in an array, each would cost more than its row.
  const cells = rows.some((row) => row.cells)
    ? sql`json_array_elements(${jsonText(rows.map((row) => row.cells))}::json)`
    : sql`unnest(null::json[])`
  await sql`
    insert into verify_items (job_id, position, domain, address, given, cells)
    select ${jobId}::bigint, n.position, n.domain, n.address, n.given, case when json_typeof(n.cells) <> 'null' then n.cells end
    from rows from (unnest(${rows.map((row) => row.position)}::bigint[], ${rows.map((row) => row.domain)}::text[],
      ${rows.map((row) => row.address && storableText(row.address))}::text[], ${rows.map((row) => row.given && storableText(row.given))}::text[]), ${cells})
      n(position, domain, address, given, cells)`.execute(trx)
}

/** What is kept of a row whose address no job may store: its place, and its other cells. */
export function suppressedRow({ position, address, given, cells }: ListRow): ListRow {
  const holds = (cell: string) =>
    [address, given].some((text) => text !== null && cell.toLowerCase().includes(text.toLowerCase()))
  const kept = cells && cells.map((cell) => (holds(cell) ? suppressedText : cell))
  return { position, domain: '', address: null, given: suppressedText, cells: kept }
}

const suppressedText = '[suppressed]'
const forgottenText = '[forgotten]'

/** SQL: whether the address of the row `i` of a list was left out of it. Somebody's own text of these words is kept as any other that is no address. */
export const isLeftOut = `i.address is null and i.given in ('${suppressedText}', '${forgottenText}')`

/** As `suppressedRow`, for rows that are stored; `word` stands where the address stood, however it was written. */
function withoutAddress(word: string) {
  return sql`domain = '', address = null, given = ${word}, cells = (
    select json_agg(case when strpos(lower(c.value), lower(i.address)) > 0 or strpos(lower(c.value), lower(i.given)) > 0
      then ${word} else c.value end order by c.n)
    from json_array_elements_text(i.cells) with ordinality c(value, n))`
}

/** Rows of all lists that hold this address keep their place without it. */
export async function forgetListRows(trx: Transaction<DB>, address: string): Promise<number> {
  const { numAffectedRows } = await sql`
    update verify_items i set ${withoutAddress(forgottenText)} where i.address = ${address}`.execute(trx)
  return Number(numAffectedRows ?? 0)
}

/** Key of the shard that checks the row `position` of a list; columns of whatever has both. */
export function shardKeyOf(position: string, rowsPerShard: string) {
  return sql.raw(`'rows-' || lpad((${position} - ${position} % ${rowsPerShard})::text, 12, '0')`)
}

/** Takes addresses that no job may store out of rows that are stored. Reads all rows of the job. */
export async function dropListAddresses(trx: Transaction<DB>, jobId: number, addresses: string[]): Promise<void> {
  await sql`
    update verify_items i set ${withoutAddress(suppressedText)} where i.job_id = ${jobId} and i.address = any(${addresses}::text[])`.execute(
    trx,
  )
}

/** The same for whatever of ranges has come onto the list of suppressions since it was stored. The caller holds that list still. */
export async function dropSuppressedRows(
  trx: Transaction<DB>,
  jobId: number,
  ranges: readonly ListRange[],
): Promise<void> {
  await sql`
    with dropped as (
      select i.position from unnest(${ranges.map(({ from }) => from)}::bigint[], ${ranges.map(({ to }) => to)}::bigint[]) r(first, behind)
      join verify_items i on i.job_id = ${jobId} and i.position >= r.first and i.position < r.behind and i.address is not null
      where ${sql.raw(onList('i.address'))} order by i.position for update of i)
    update verify_items i set ${withoutAddress(suppressedText)} from dropped d where i.job_id = ${jobId} and i.position = d.position`.execute(
    trx,
  )
}

/** Rows of a job's list that are no results, by why: each of them once. Reads the whole list. */
export interface SkippedRows {
  repeated: number
  empty: number
  /** Their addresses were left out, as often as they stand in the list. */
  suppressed: number
}

export async function countSkippedRows(trx: Transaction<DB>, jobId: number): Promise<SkippedRows> {
  const { rows } = await sql<SkippedRows>`
    select i.filled - (select count(*) from job_verifications where job_id = ${jobId}) as repeated, i.rows - i.filled - i.suppressed as empty, i.suppressed
    from (select count(*) as rows, count(i.address) as filled, count(*) filter (where ${sql.raw(isLeftOut)}) as suppressed
      from verify_items i where i.job_id = ${jobId}) i`.execute(trx)
  return rows[0]!
}

/** Positions from `from` up to and without `to`. */
export interface ListRange {
  from: number
  to: number
}

export interface OpenItem {
  position: number
  domain: string
  /** In normal form, or what was given where `domain` is empty. */
  address: string
  /** As it was given. */
  given: string
  /** The store has a verdict that answers. */
  stored: boolean
}

/**
 * Different addresses of a range that have no verdict in the job yet, by the position at which they come first. `store`: which verdicts of the store
 * answer. The offset makes it look into the index for each address: as long as statistics do not know the job, its verdicts look few, and would be
 * compared with each of them.
 */
export async function openItems(
  db: Kysely<DB>,
  jobId: number,
  { from, to }: ListRange,
  store: Answering,
): Promise<OpenItem[]> {
  const { rows } = await sql<Omit<OpenItem, 'given'> & { given: string | null }>`
    select o.position, o.domain, o.address, o.given, o.domain <> '' and exists (
      select from verdicts v where v.address = o.address and ${answering(store)}) as stored
    from (
      select distinct on (i.domain, i.address) i.position, i.domain, i.address, i.given from verify_items i
      where i.job_id = ${jobId} and i.position >= ${from} and i.position < ${to} and i.address is not null
        and not exists (select from job_verifications v where v.job_id = i.job_id and v.domain = i.domain and v.address = i.address offset 0)
      order by i.domain, i.address, i.position) o
    order by o.position`.execute(db)
  return rows.map((row) => ({ ...row, given: row.given ?? row.address }))
}

export async function countListRows(db: Kysely<DB>, jobId: number, { from, to }: ListRange): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from verify_items where job_id = ${jobId} and position >= ${from} and position < ${to}`.execute(
    db,
  )
  return rows[0]!.n
}
