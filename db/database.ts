import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'

import type { DB } from './types.ts'

export interface Database {
  db: Kysely<DB>
  pool: pg.Pool
  /** Waits for the connections in use, then ends all. May be called twice. */
  close: () => Promise<void>
}

export interface DatabaseOptions {
  /** Most connections at once; more callers wait for a free one. */
  max?: number
  /** Shown in pg_stat_activity. */
  applicationName?: string
  /** Told of every connection that was lost while nobody waited for an answer on it; the pool opens a new one by itself. */
  onError?: (error: Error) => void
}

/**
 * Opens no connection yet. bigint and numeric come as numbers (beyond 2^53 the query fails, rather than be rounded in silence),
 * timestamptz as Date, jsonb parsed, date as text.
 */
export function openDatabase(
  url: string,
  { max = 10, applicationName = 'mailquarry', onError }: DatabaseOptions = {},
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 30_000,
    keepAlive: true,
    types: { getTypeParser },
  })
  pool.on('error', (error) => onError?.(error))
  // A connection that breaks while it is checked out and idle, as between two statements of a transaction, tells its client alone;
  // an 'error' event without a listener would end the process. The next statement on it rejects.
  pool.on('connect', (client) => client.on('error', (error) => onError?.(error)))
  let closed: Promise<void> | undefined
  return {
    db: new Kysely<DB>({ dialect: new PostgresDialect({ pool }) }),
    pool,
    close: () => (closed ??= pool.end()),
  }
}

type Parse = (text: string) => unknown

// its declared parameter is a list of names of built-in types that leaves out arrays
const pgParser = pg.types.getTypeParser as unknown as (oid: number, format?: 'text' | 'binary') => Parse

// OIDs from pg_type.dat
const parsers = new Map<number, Parse>([
  [20, exactNumber], // int8
  [1700, exactNumber], // numeric: what sum() over bigint yields
  [1016, arrayOf(exactNumber)], // int8[]
  [1231, arrayOf(exactNumber)], // numeric[]
  [1082, (text) => text], // date: pg's own parser makes it a local midnight
])

/** The pool's own types: pg's global table stays as it is, since pg-boss has pools of its own in the same process. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): Parse {
  const own = format === 'binary' ? undefined : parsers.get(oid)
  return own ?? pgParser(oid, format)
}

function exactNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new RangeError(`${text} is beyond 2^53 and would be rounded`)
  return value
}

function arrayOf(parse: Parse): Parse {
  const split = pgParser(1009) // text[]
  return (text) => deepMap(split(text), parse)
}

function deepMap(value: unknown, parse: Parse): unknown {
  if (Array.isArray(value)) return value.map((item) => deepMap(item, parse))
  return typeof value === 'string' ? parse(value) : value
}
