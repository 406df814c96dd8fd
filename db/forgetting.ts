import { domainToUnicode } from 'node:url'

import { type Kysely, sql, type Transaction } from 'kysely'

import { forgetVerifications } from './job-verifications.ts'
import { jsonText } from './json.ts'
import type { DB } from './types.ts'
import { forgetListRows } from './verify-lists.ts'

/** What stands where a forgotten address stood in a text. */
const forgotten = '[forgotten]'

interface Column {
  table: string
  column: string
  type: string
  /** Of the primary key: its rows are told apart by it. */
  key: boolean
  nullable: boolean
}

export interface Forgotten {
  /** That were about the address. */
  rows: number
  /** Of other rows, in which it stood. */
  texts: number
}

/**
 * Removes an address (in normal form) from every table but the list of suppressions: rows about it, whatever table has a column
 * `address` for it (rows that may be without one lose it alone), and its mention in the texts of all other rows, such as snippets, inputs, events and URLs. The tables come from
 * the catalog, so that a new one is not left out. Reads whole tables, one transaction each; again after a crash, it does the rest.
 */
export async function removeAddress(db: Kysely<DB>, address: string): Promise<Forgotten> {
  const columns = await textColumns(db)
  const about = columns.filter(
    ({ table, column, type }) => column === 'address' && type === 'text' && table !== 'suppressions',
  )
  // First those that refer to `addresses`, last that itself.
  about.sort((a, b) => Number(a.table === 'addresses') - Number(b.table === 'addresses'))
  let rows = 0
  for (const { table, nullable } of about)
    rows += await unlessDeadlocked(() =>
      db.transaction().execute((trx) => (special[table] ?? removeRows(table, nullable))(trx, address)),
    )

  const pattern = mentionOf(address)
  const texts = columns.filter(({ table, key }) => !key && !table.startsWith('suppression') && table !== 'migrations')
  let rewritten = 0
  for (const { table, column, type } of texts)
    rewritten += await unlessDeadlocked(() => removeMentions(db, { table, column, type }, address, pattern))
  // Copies of what hosts serve, which are fetched anew.
  await sql`delete from robots where position(convert_to(${address}, 'UTF8') in body) > 0`.execute(db)
  return { rows, texts: rewritten }
}

async function textColumns(db: Kysely<DB>): Promise<Column[]> {
  const { rows } = await sql<Column>`
    select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type,
      coalesce(a.attnum = any(i.indkey), false) as key, not a.attnotnull as nullable
    from pg_class c join pg_attribute a on a.attrelid = c.oid left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
      and format_type(a.atttypid, null) in ('text', 'text[]', 'json', 'jsonb') order by 1, a.attnum`.execute(db)
  return rows
}

type Removal = (trx: Transaction<DB>, address: string) => Promise<number>

/** Rows that are counted elsewhere, or say more of the address than what it is. */
const special: Partial<Record<string, Removal>> = {
  job_addresses: forgetFound,
  job_verifications: forgetVerifications,
  verify_items: forgetListRows,
}

function removeRows(table: string, nullable: boolean): Removal {
  return async (trx, address) => {
    const rows = sql.table(table)
    // A row that can be without keeps its place.
    const removal = nullable ? sql`update ${rows} set address = null` : sql`delete from ${rows}`
    const { numAffectedRows } = await sql`${removal} where address = ${address}`.execute(trx)
    return Number(numAffectedRows ?? 0)
  }
}

async function forgetFound(trx: Transaction<DB>, address: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with gone as (delete from job_addresses where address = ${address} returning job_id),
    held as (select id from jobs where id in (select job_id from gone) order by id for update),
    counted as (update jobs j set results = greatest(0, results - 1) from held where j.id = held.id)
    select count(*) as n from gone`.execute(trx)
  return rows[0]!.n
}

async function removeMentions(
  db: Kysely<DB>,
  { table, column, type }: Pick<Column, 'table' | 'column' | 'type'>,
  address: string,
  pattern: string,
): Promise<number> {
  const [rows, value] = [sql.table(table), sql.ref(column)]
  const replaced = sql`regexp_replace(${value}::text, ${pattern}, ${forgotten}, 'gi')`
  // Cheap first, and only then the pattern: most rows hold no such text. Postgres would take them in the other order.
  const somewhere = sql.join(
    mentionsOf(address).map((text) => sql`strpos(lower(${value}::text), ${text}) > 0`),
    sql` or `,
  )
  const { numAffectedRows } =
    await sql`update ${rows} set ${value} = ${replaced}::${sql.raw(type)} where case when ${somewhere} then ${value}::text ~* ${pattern} else false end`.execute(
      db,
    )
  return Number(numAffectedRows ?? 0)
}

/** Steps lock their rows in another order than a whole table is read in: one of the two is broken off now and then. */
async function unlessDeadlocked<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const deadlock = error instanceof Error && 'code' in error && error.code === '40P01'
      if (!deadlock || tries === 8) throw error
    }
  }
}

/** How an address (in normal form) stands in texts, in lower case: in jsonb as JSON writes it, in URLs with its @ encoded, or all that needs to be; its domain as people write it. */
export function mentionsOf(address: string): string[] {
  const { local, domains } = partsOf(address)
  const written = domains.map((domain) => `${local}@${domain}`)
  return [
    ...new Set([
      ...written.flatMap((text) => [text, jsonText(text).slice(1, -1), encodeURIComponent(text).toLowerCase()]),
      ...written.map((text) => text.replace('@', '%40')),
    ]),
  ]
}

/** An advanced regular expression of Postgres for this very address, not for a longer one that holds it. */
function mentionOf(address: string): string {
  const { local, domains } = partsOf(address)
  const literal = (text: string) => text.replaceAll(/[^\p{L}\p{N}]/gu, String.raw`\$&`)
  const either = (texts: string[]) => `(?:${[...new Set(texts)].map(literal).join('|')})`
  const locals = either([jsonText(local).slice(1, -1), local, encodeURIComponent(local)])
  // A mention too many is lost rather than one too few: only what would be the end of a longer local part is left alone.
  const before = String.raw`(?:(?<![\w.+-])|(?<=%[0-9a-f]{2}))`
  const behind = String.raw`(?![\w-]|\.\w)`
  return `${before}${locals}(?:@|%40)${either(domains.flatMap((domain) => [domain, encodeURIComponent(domain)]))}${behind}`
}

function partsOf(address: string): { local: string; domains: string[] } {
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1)
  return { local: address.slice(0, at), domains: [...new Set([domain, domainToUnicode(domain)])] }
}
