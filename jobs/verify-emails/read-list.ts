import type { ListRow } from '../../db/verify-lists.ts'
import { parseAddress } from '../engines/address/parse.ts'
import { guessWords } from '../engines/table/table-rows.ts'
import { type Care, JobFailure, type Note, type RunEnd, type Step } from '../job-kind.ts'
import { wrongOf } from '../sender-audit/audit.ts'
import { depthOf } from './input.ts'
import type { ListPlace } from './list-place.ts'
import { type ListPortion, type ListSource, openList } from './list-source.ts'
import { rowsPerShard, shardOfRows } from './row-ranges.ts'
import { emptyBatch, type VerifyBatch, type VerifyCheckpoint } from './verify-batch.ts'
import type { VerifyArgs } from './verify-run.ts'

const rowsAtOnce = 5_000
/** Longer ones are no addresses, and no key of an index. */
const longestKey = 400

/** The first shard of a verification: stores the list row by row, and spawns a shard for each range of it as soon as that is stored. */
export async function* readList(args: VerifyArgs): AsyncGenerator<Step<VerifyBatch, VerifyCheckpoint>, RunEnd> {
  const { checkpoint, io, care, signal } = args
  const before =
    checkpoint?.of === 'list' ? checkpoint : { read: 0, place: undefined, readAs: undefined, guessTold: false }
  const list = await openList(args, before.readAs)
  const perShard = rowsPerShard(list.rows, depthOf(args.input))
  let { read } = before
  let began = before.readAs !== undefined
  const notes = began ? [] : await warnings(args)
  let guessTold = before.guessTold ?? false

  /** One portion behind, so that the last one is known when it is stored. */
  let held: ListPortion | undefined
  const stepOf = ({ rows, place, guessedLine }: ListPortion, last: boolean): Step<VerifyBatch, VerifyCheckpoint> => {
    const from = read
    read += rows.length
    const isFirst = !began
    began = true
    if (guessedLine !== undefined && !guessTold) notes.push({ message: guessWords(guessedLine) })
    guessTold ||= guessedLine !== undefined
    const first = {
      columns: list.readAs.columns,
      readAs: { ...list.readAs },
      rowsPerShard: perShard,
      beganAt: io.now(),
    }
    const batch = {
      ...emptyBatch(),
      ...(isFirst && { list: first }),
      rows: rows.map((row, i) => listRow(from + i, row.given, row.cells)),
    }
    return {
      batch,
      checkpoint: { of: 'list', read, place, readAs: list.readAs, guessTold },
      counts: { total: rows.length },
      spawn: completed(from, read, perShard, last),
      phase: 'reading the list',
      notes: notes.splice(0),
      ...(last && { totalKnown: true, end: { end: 'done' } as const }),
    }
  }
  for await (const portion of carefully(list, before.place, care)) {
    if (signal.aborted) break
    if (held) yield stepOf(held, false)
    held = portion
  }
  if (signal.aborted) return { end: 'later', at: io.now(), why: 'stopped' }
  if (!held && read === 0) throw new JobFailure('LIST_EMPTY', 'There is no address to verify.')
  yield stepOf(held ?? { rows: [], place: before.place }, true)
  return { end: 'done' }
}

/** A run that must be careful begins with one row, and goes on as usual behind it. */
async function* carefully(list: ListSource, from: ListPlace | undefined, care: Care): AsyncGenerator<ListPortion> {
  let place = from
  if (care !== 'normal')
    for await (const first of list.portions(place, 1)) {
      yield first
      place = first.place
      break
    }
  yield* list.portions(place, rowsAtOnce)
}

/** What may keep mail servers from answering: known before the first of them is asked. */
async function warnings({ input, io, signal }: VerifyArgs): Promise<Note[]> {
  if (input.service !== 'builtin' || depthOf(input) !== 'SMTP') return []
  const wrong = wrongOf(await io.auditSender(signal))
  return wrong.map((message) => ({ message: `mail servers may refuse to answer us: ${message}` }))
}

/** Shards whose rows are all stored once those up to `read` are, and were not before. */
function completed(from: number, read: number, perShard: number, last: boolean): string[] {
  const shards: string[] = []
  for (let start = from - (from % perShard); start < read; start += perShard)
    if (start + perShard <= read || last) shards.push(shardOfRows(start))
  return shards
}

/** A row of the list as it is stored, `given` being what stood in its cell. */
export function listRow(position: number, given: string, cells: string[] | null): ListRow {
  const parsed = parseAddress(given)
  if (parsed.ok) {
    const { domain, address } = parsed
    return { position, domain, address, given: given === address ? null : given, cells }
  }
  const text = given.trim().slice(0, longestKey).toWellFormed()
  // What is cut is shown, and judged, whole.
  return { position, domain: '', address: text === '' ? null : text, given: text === given ? null : given, cells }
}
