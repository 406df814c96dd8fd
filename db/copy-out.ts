import { finished, type Readable } from 'node:stream'

import type { Kysely, RawBuilder } from 'kysely'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'

import { probesPeer } from './database.ts'
import type { DB } from './types.ts'

/** Streams whole results out of Postgres by COPY, at the pace of the reader and in flat memory. */
export interface CopyOut {
  /** The rows of a query as CSV, by RFC 4180 in UTF-8, without a header. `delimiter` is one byte. Rejects where the query is refused. */
  csv(query: RawBuilder<unknown>, delimiter?: string): Promise<Readable>
  /** The one column of a query, a line a row: for texts without control characters, such as JSON. */
  lines(query: RawBuilder<unknown>): Promise<Readable>
  close(): Promise<void>
}

/**
 * Connections of its own, since one is taken for as long as a reader takes; more readers than `max` wait for `waitMs`, and then it
 * rejects.
 */
export function openCopyOut(
  url: string,
  db: Kysely<DB>,
  { max = 4, waitMs = 20_000 }: { max?: number; waitMs?: number } = {},
): CopyOut {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: 'mailquarry export',
    // No time-out besides: it would take a reader that is slow for one that is gone.
    options: `-c TimeZone=UTC ${probesPeer}`,
    connectionTimeoutMillis: waitMs,
    keepAlive: true,
  })
  pool.on('error', () => {})
  // A reader that gave up has left it in the middle of a COPY: it is ended, and says so.
  pool.on('connect', (client) => client.on('error', () => {}))

  const copy = async (query: RawBuilder<unknown>, options: string): Promise<Readable> => {
    const text = `copy (${withoutParameters(query, db)}) to stdout (${options})`
    const client = await pool.connect()
    const stream = client.query(copyTo(text, { highWaterMark: 256 * 1_024 }))
    finished(stream, (error) => client.release(error ?? undefined))
    return begun(stream)
  }
  return {
    csv: (query, delimiter = ',') => copy(query, `format csv, delimiter ${pg.escapeLiteral(delimiter)}`),
    // JSON escapes all control characters, so that nothing has to be quoted or escaped once more.
    lines: (query) => copy(query, String.raw`format csv, quote e'\x01', delimiter e'\x02'`),
    close: () => pool.end(),
  }
}

/** Resolves when the first bytes, or the end, are there; rejects where there is an error instead. */
function begun(stream: Readable): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      stream.off('readable', settle).off('end', settle).off('error', reject)
      resolve(stream)
    }
    stream.once('readable', settle).once('end', settle).once('error', reject)
  })
}

/** COPY takes no parameters: they are written into the statement. */
function withoutParameters(query: RawBuilder<unknown>, db: Kysely<DB>): string {
  const { sql, parameters } = query.compile(db)
  // What stands in quotes is text, such as the name of somebody's column, whatever it looks like.
  return sql.replaceAll(/'(?:[^']|'')*'|\$(\d+)/g, (found, number?: string) =>
    number === undefined ? found : literal(parameters[Number(number) - 1]),
  )
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'string') return pg.escapeLiteral(value)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return pg.escapeLiteral(`{${value.map((item) => `"${item.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`)
  throw new TypeError(`a parameter of this kind cannot be copied: ${typeof value}`)
}
