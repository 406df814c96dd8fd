import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'

import { arrayLiteral } from './array-literal.ts'
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
  /** For processes that repeat few statements many times: each connection keeps them prepared, which halves what they cost. */
  prepare?: boolean
}

/** Settings by which the server ends a session whose other side has vanished within half a minute, not after the two hours of TCP. */
export const probesPeer = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3'

/** The same also where something has been sent, which is not probed then, but sent again for a quarter of an hour. */
export const endsWithPeer = `${probesPeer} -c tcp_user_timeout=15000`

/**
 * Opens no connection yet. bigint and numeric come as numbers (beyond 2^53 the query fails, rather than be rounded in silence),
 * timestamptz as Date, jsonb parsed, date as text.
 */
export function openDatabase(
  url: string,
  { max = 10, applicationName = 'mailquarry', onError, prepare = false }: DatabaseOptions = {},
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 30_000,
    // A process that stands still in the middle of a transaction would keep its locks, and everybody else waiting.
    idle_in_transaction_session_timeout: 10_000,
    options: endsWithPeer,
    keepAlive: true,
    types: { getTypeParser },
  })
  pool.on('error', (error) => onError?.(error))
  // A connection that breaks while it is checked out and idle, as between two statements of a transaction, tells its client alone;
  // an 'error' event without a listener would end the process. The next statement on it rejects.
  pool.on('connect', (client) => client.on('error', (error) => onError?.(error)))
  if (prepare) pool.on('connect', prepareRepeated)
  pool.on('connect', writeArrays)
  let closed: Promise<void> | undefined
  return {
    db: new Kysely<DB>({ dialect: new PostgresDialect({ pool }) }),
    pool,
    close: () => (closed ??= pool.end()),
  }
}

/** Parameters that are arrays are written by us: a step sends tens of thousands of elements. */
function writeArrays(client: pg.PoolClient): void {
  const plain = client.query.bind(client) as (text: unknown, values?: unknown, ...rest: unknown[]) => unknown
  const query = (text: unknown, values?: unknown, ...rest: unknown[]): unknown =>
    plain(text, Array.isArray(values) ? values.map(written) : values, ...rest)
  client.query = query as typeof client.query
}

function written(value: unknown): unknown {
  return Array.isArray(value) ? (arrayLiteral(value) ?? value) : value
}

/** At its third use a text has paid for itself; a text that is made anew each time never gets there. */
const preparedFromUse = 3
const preparedAtMost = 250

/** Prepares what a connection is asked repeatedly, under a name of its own. The texts it sees are bounded, or it stops to. */
function prepareRepeated(client: pg.PoolClient): void {
  const uses = new Map<string, number>()
  let prepared = 0
  const names = new Map<string, string>()
  const plain = client.query.bind(client) as (text: unknown, ...rest: unknown[]) => unknown
  const query = (text: unknown, values?: unknown, ...rest: unknown[]): unknown => {
    if (typeof text !== 'string' || (values !== undefined && !Array.isArray(values)) || !repeatable.test(text))
      return plain(text, values, ...rest)
    const name = names.get(text)
    if (name !== undefined) return plain({ name, text, values }, ...rest)
    const count = (uses.get(text) ?? 0) + 1
    if (count >= preparedFromUse && prepared < preparedAtMost) names.set(text, `repeated_${++prepared}`)
    else if (uses.size < 10 * preparedAtMost || uses.has(text)) uses.set(text, count)
    return plain(text, values, ...rest)
  }
  client.query = query as typeof client.query
}

/** Not begin, commit and the like: they need no plan. */
const repeatable = /^\s*(select|insert|update|delete|with)\b/i

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
