import type { ListRange } from '../../db/verify-lists.ts'
import type { Depth } from '../engines/verify/terms.ts'

/** The most rows that a shard checks: mailboxes take their time, and what needs none is checked by the thousand. */
const mostRows = { SYNTAX: 5_000, DNS: 5_000, SMTP: 1_000 }
const leastRows = 5
/** Lists that are short are spread over so many shards, so that several workers share what takes long. */
const spread = 8

/** How many rows a shard of a list checks; `rows` undefined where nobody knows how long it is. */
export function rowsPerShard(rows: number | undefined, depth: Depth): number {
  const most = mostRows[depth]
  return rows === undefined ? most : Math.min(most, Math.max(leastRows, Math.ceil(rows / spread)))
}

/** Name of the shard of the rows from `from` on. */
export function shardOfRows(from: number): string {
  return `rows-${String(from).padStart(12, '0')}`
}

export function rowsOfShard(shard: string, rowsPerShard: number): ListRange {
  const from = Number(/^rows-(\d{12})$/.exec(shard)?.[1])
  if (!Number.isSafeInteger(from)) throw new Error(`${shard} is no shard of rows`)
  return { from, to: from + rowsPerShard }
}
