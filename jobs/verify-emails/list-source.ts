import type { FoundChoice } from '../../db/found-addresses.ts'
import { parseAddress } from '../engines/address/parse.ts'
import type { OpenBytes } from '../engines/table/table-bytes.ts'
import { TableError } from '../engines/table/table-error.ts'
import { readRows } from '../engines/table/table-rows.ts'
import { readShape, type Sought, type TableShape } from '../engines/table/table-shape.ts'
import { JobFailure } from '../job-kind.ts'
import type { VerifyInput } from './input.ts'
import type { VerifyIo } from './io.ts'
import type { ListPlace, ReadAs } from './list-place.ts'

export interface ListPortion {
  rows: { given: string; cells: string[] | null }[]
  /** Behind the last of them; undefined: before the first. */
  place: ListPlace | undefined
  /** The line of the first of them that is not in UTF-8. */
  guessedLine?: number | undefined
}

export interface ListSource {
  readAs: ReadAs
  /** How many there are, where that is known. */
  rows: number | undefined
  /** The rows behind a place, in their order. */
  portions(from: ListPlace | undefined, rowsAtOnce: number): AsyncIterable<ListPortion>
}

export const addresses: Sought = {
  what: 'e-mail addresses',
  looksLike: (cell) => parseAddress(cell).ok,
  headers: /^(?:e-?mail|mail|address|e-?mail[ _-]?address|adresse)$/i,
}

/** Where lists are. */
export type ListIo = Pick<VerifyIo, 'openUpload' | 'foundAddresses'>

/** The list that a job is to verify. Throws JobFailure where it cannot be read. */
export async function openList(
  { input, io, jobId }: { input: VerifyInput; io: ListIo; jobId: number },
  before: ReadAs | undefined,
): Promise<ListSource> {
  if (input.upload !== undefined) return openTable(input, io, input.upload, before)
  if (input.fromJob !== undefined || input.fromKnown)
    return {
      readAs: { columns: [] },
      rows: undefined,
      portions: (from, rowsAtOnce) => found(io, jobId, input, from, rowsAtOnce),
    }
  const { emails = [] } = input
  return {
    readAs: { columns: [] },
    rows: emails.length,
    portions: (from, rowsAtOnce) => pasted(emails, from, rowsAtOnce),
  }
}

/** How the table is to be read, by what it holds and what the input says of it. Throws `TableError`. */
export function shapeOfList(open: OpenBytes, { column, delimiter, header }: VerifyInput): Promise<TableShape> {
  return readShape(open, addresses, {
    ...(column !== undefined && { column }),
    ...(delimiter !== undefined && { delimiter: delimiter === 'tab' ? '\t' : delimiter }),
    ...(header !== undefined && { hasHeader: header === 'yes' }),
  })
}

/** Of the addresses that jobs have found, those that the input asks for. */
export function choiceOf({ fromJob, text, domain, quality, method }: VerifyInput): FoundChoice {
  return {
    fromJob: fromJob === undefined ? undefined : Number(fromJob),
    filter: { text: text?.trim(), domain: domain?.trim().toLowerCase(), qualities: quality, methods: method },
  }
}

async function* pasted(emails: string[], from: ListPlace | undefined, rowsAtOnce: number): AsyncGenerator<ListPortion> {
  for (let at = typeof from === 'number' ? from : 0; at < emails.length; at += rowsAtOnce) {
    const rows = emails.slice(at, at + rowsAtOnce).map((given) => ({ given, cells: null }))
    yield { rows, place: at + rows.length }
  }
}

async function* found(
  io: ListIo,
  jobId: number,
  input: VerifyInput,
  from: ListPlace | undefined,
  rowsAtOnce: number,
): AsyncGenerator<ListPortion> {
  let after = typeof from === 'string' ? from : ''
  const which = choiceOf(input)
  for (;;) {
    const addresses = await io.foundAddresses(jobId, which, { after, limit: rowsAtOnce })
    if (!addresses)
      throw new JobFailure('LIST_GONE', `Job ${input.fromJob} was deleted before all that it had found was read.`)
    if (addresses.length === 0) return
    after = addresses.at(-1)!
    yield { rows: addresses.map((given) => ({ given, cells: null })), place: after }
    if (addresses.length < rowsAtOnce) return
  }
}

async function openTable(
  input: VerifyInput,
  io: ListIo,
  uploadId: string,
  before: ReadAs | undefined,
): Promise<ListSource> {
  const open = await io.openUpload(uploadId)
  const table = before?.table ?? (await readable(() => shapeOfList(open, input)))
  const columns = table.columns.length > 1 ? table.columns : []
  return {
    readAs: { columns, table },
    rows: undefined,
    async *portions(from, rowsAtOnce) {
      const start = typeof from === 'object' ? { from } : {}
      const batches = readRows(open, table, { ...start, rowsAtOnce })
      try {
        for (;;) {
          const batch = await readable(() => batches.next())
          if (batch.done) return
          const rows = batch.value.rows.map(({ value, cells }) => ({
            given: value,
            cells: columns.length > 0 ? cells : null,
          }))
          yield { rows, place: batch.value.next, guessedLine: batch.value.guessedLine }
        }
      } finally {
        // Whoever stops in the middle leaves a file open, whose end would be that of the process.
        await batches.return(undefined)
      }
    },
  }
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof TableError) throw new JobFailure(`LIST_${error.code.toUpperCase()}`, error.message)
    throw error
  }
}
