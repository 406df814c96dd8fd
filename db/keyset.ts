import { type Kysely, type RawBuilder, sql } from 'kysely'

import { inALabels } from './a-labels.ts'
import { storableText } from './json.ts'
import type { DB } from './types.ts'

export type KeyValue = string | number

/** Values of an order's columns in one row: where a page begins or ends. */
export type Key = readonly KeyValue[]

/** Which page of a list: at most `limit` rows behind `after` and before `before`, the last ones where `backward`. */
export interface PageRequest {
  limit: number
  backward: boolean
  after?: Key | undefined
  before?: Key | undefined
}

export interface RowPage<Row> {
  rows: Row[]
  hasNext: boolean
  hasPrevious: boolean
}

export interface OrderColumn {
  /** As it stands in the query: `a.domain`. */
  column: string
  /** Its SQL type, so that a parameter compares as the column does. */
  type: 'bigint' | 'integer' | 'real' | 'text' | 'timestamptz' | 'uuid'
  desc?: boolean | undefined
}

/** An order that a list offers: unique, and followed by an index. */
export interface RowOrder<Row> {
  columns: OrderColumn[]
  /** Where a row stands in the order. */
  keyOf(row: Row): Key
}

/**
 * One page by keyset: every page costs the same. `base` is the query up to and with its WHERE clause, whose rows must be unique by
 * `order`; an index has to follow that order.
 */
export async function keysetPage<Row>(
  db: Kysely<DB>,
  base: RawBuilder<unknown>,
  order: OrderColumn[],
  page: PageRequest,
): Promise<RowPage<Row>> {
  const { ranges, orderBy } = keysetClauses(order, page)
  const found: Row[] = []
  for (const range of ranges) {
    const query = sql<Row>`${base} and ${range} order by ${orderBy} limit ${page.limit + 1 - found.length}`
    found.push(...(await query.execute(db)).rows)
    if (found.length > page.limit) break
  }
  return rowPage(found, page)
}

/** The clauses of a page: its ranges, one query each, until `limit` + 1 rows are there: the one too many tells that there are more. */
export function keysetClauses(order: OrderColumn[], page: PageRequest) {
  const directed = order.map((o) => ({ ...o, desc: (o.desc ?? false) !== page.backward }))
  const start = page.backward ? page.before : page.after
  const end = page.backward ? page.after : page.before
  const ranges = start ? behind(directed, start) : [sql`true`]
  return {
    ranges: end ? ranges.map((range) => sql`${range} and not (${reached(directed, end)})`) : ranges,
    orderBy: orderByClause(directed),
  }
}

export function orderByClause(columns: OrderColumn[]): RawBuilder<unknown> {
  return sql.join(columns.map((o) => sql`${sql.raw(o.column)} ${sql.raw(o.desc ? 'desc' : 'asc')}`))
}

/** What was found of a page, cut to its size and put into the list's own direction. */
export function rowPage<Row>(found: Row[], page: PageRequest): RowPage<Row> {
  const more = found.length > page.limit
  const rows = found.slice(0, page.limit)
  return page.backward
    ? { rows: rows.toReversed(), hasNext: page.before !== undefined, hasPrevious: more }
    : { rows, hasNext: more, hasPrevious: page.after !== undefined }
}

/** Conditions that hold together, never empty. */
export function allOf(conditions: RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql.join(conditions, sql` and `)
}

/** `text` anywhere in a column, without regard to case, its domain spelled either way; wildcards in it stand for themselves. */
export function contains(column: string, text: string): RawBuilder<unknown> {
  return spelledEitherWay(text, (spelled) => containsAsItIs(column, spelled))
}

/** The same in a column that holds lower case alone. */
export function containsLower(column: string, text: string): RawBuilder<unknown> {
  return spelledEitherWay(text.toLowerCase(), (spelled) => sql`${sql.raw(column)} like ${partPattern(spelled)}`)
}

function spelledEitherWay(text: string, condition: (text: string) => RawBuilder<unknown>): RawBuilder<unknown> {
  const spellings = [...new Set([text, inALabels(text)])]
  return spellings.length === 1 ? condition(text) : sql`(${sql.join(spellings.map(condition), sql` or `)})`
}

function containsAsItIs(column: string, text: string): RawBuilder<unknown> {
  // Other collations copy each value in lower case before they compare it: over a million rows that is a quarter of the time.
  const collation = /^[\x20-\x7e]*$/.test(text) ? sql` collate "C"` : sql``
  return sql`${sql.raw(column)}${collation} ilike ${partPattern(text)}`
}

function partPattern(text: string): string {
  return `%${storableText(text).replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`
}

/**
 * Ranges that together are all rows behind a key, in order. Where all columns run the same way it is one row comparison and one
 * index scan. Where they do not, each range is an index scan of its own: an OR would read all rows that share the first column.
 */
function behind(order: OrderColumn[], key: Key): RawBuilder<unknown>[] {
  const comparison = (columns: OrderColumn[], from: number) => {
    const names = sql.join(columns.map((o) => sql.raw(o.column)))
    const values = sql.join(columns.map((o, i) => parameter(o, key[from + i])))
    return sql`(${names}) ${sql.raw(columns[0]!.desc ? '<' : '>')} (${values})`
  }
  if (order.every((o) => o.desc === order[0]!.desc)) return [comparison(order, 0)]
  return order
    .map((_, i) => allOf([...equal(order.slice(0, i), key), comparison(order.slice(i, i + 1), i)]))
    .toReversed()
}

/** The row of a key and those behind it. */
function reached(order: OrderColumn[], key: Key): RawBuilder<unknown> {
  return sql.join([allOf(equal(order, key)), ...behind(order, key)], sql` or `)
}

function equal(order: OrderColumn[], key: Key): RawBuilder<unknown>[] {
  return order.map((o, i) => sql`${sql.raw(o.column)} = ${parameter(o, key[i])}`)
}

function parameter(column: OrderColumn, value: KeyValue | undefined): RawBuilder<unknown> {
  return sql`${value}::${sql.raw(column.type)}`
}
