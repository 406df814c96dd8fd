import type { ListRow } from '../../db/verify-lists.ts'
import { parseAddress } from '../engines/address/parse.ts'
import type { RunEnd, Step } from '../job-kind.ts'
import { rowsPerShard, shardOfRows } from './row-ranges.ts'
import { emptyBatch, type VerifyBatch, type VerifyCheckpoint } from './verify-batch.ts'
import type { VerifyArgs } from './verify-run.ts'

const rowsAtOnce = 5_000
/** Longer ones are no addresses, and no key of an index. */
const longestKey = 400

/** The first shard of a verification: stores the list row by row, and spawns a shard for each range of it as soon as that is stored. */
export async function* readList({
  input,
  checkpoint,
  io,
  care,
  signal,
}: VerifyArgs): AsyncGenerator<Step<VerifyBatch, VerifyCheckpoint>, RunEnd> {
  const emails = input.emails ?? []
  const perShard = rowsPerShard(emails.length)
  let read = checkpoint?.of === 'list' ? checkpoint.read : 0
  while (read < emails.length) {
    if (signal.aborted) return { end: 'later', at: io.now(), why: 'stopped' }
    const from = read
    read = Math.min(emails.length, from + (care === 'normal' ? rowsAtOnce : 1))
    const rows = emails.slice(from, read).map((email, i) => listRow(from + i, email, null))
    const last = read === emails.length
    yield {
      batch: {
        ...emptyBatch(),
        ...(from === 0 && { list: { columns: [], readAs: {}, rowsPerShard: perShard, beganAt: io.now() } }),
        rows,
      },
      checkpoint: { of: 'list', read },
      counts: { total: rows.length },
      spawn: completed(from, read, perShard, last),
      phase: 'reading the list',
      ...(last && { totalKnown: true, end: { end: 'done' } as const }),
    }
  }
  return { end: 'done' }
}

/** Shards whose rows are all stored once those up to `read` are, and were not before. */
function completed(from: number, read: number, perShard: number, last: boolean): string[] {
  const shards: string[] = []
  for (let start = from - (from % perShard); start < read; start += perShard)
    if (start + perShard <= read || last) shards.push(shardOfRows(start))
  return shards
}

export function listRow(position: number, given: string, cells: string[] | null): ListRow {
  const parsed = parseAddress(given)
  if (parsed.ok)
    return {
      position,
      domain: parsed.domain,
      address: parsed.address,
      given: given === parsed.address ? null : given,
      cells,
    }
  const text = given.trim().slice(0, longestKey).toWellFormed()
  return { position, domain: '', address: text === '' ? null : text, given: null, cells }
}
