import { splitRows, type SplitRow, type TablePosition } from './split-rows.ts'
import { encodingOf, openText, type OpenBytes, type TableEncoding } from './table-bytes.ts'
import type { TableDialect } from './table-dialect.ts'
import { TableError } from './table-error.ts'

/** What a table is read for. */
export interface Sought {
  /** For people: `domains`. */
  what: string
  /** Whether a trimmed cell is one, as far as its looks go. */
  looksLike(cell: string): boolean
  /** Headers under which they stand, for tables with several such columns. */
  headers: RegExp
}

/** What the user says of the table, where detection is not to be trusted. */
export interface ShapeOverride {
  /** One character. */
  delimiter?: string
  hasHeader?: boolean
  /** Header, in any case, or number from 1. */
  column?: string
}

/** How to read a table. Plain data: goes into checkpoints. */
export interface TableShape extends TableDialect {
  encoding: TableEncoding
  hasHeader: boolean
  /** Names of the columns; `column 1` and so on where there is no header. */
  columns: string[]
  /** Index of the column that is sought. */
  column: number
  /** Where the rows of data begin. */
  start: TablePosition
}

const headBytes = 1_048_576
const sampleRows = 1_000
const delimiters = [',', ';', '\t', '|']

/**
 * Looks at the first 1,000 rows (at most 1 MiB) and says how the table is to be read. The delimiter is the one that leaves most of what is sought in
 * one column; so the table itself proves the guess. Throws `TableError`.
 */
export async function readShape(open: OpenBytes, sought: Sought, override: ShapeOverride = {}): Promise<TableShape> {
  const { head, cut } = await readHead(open)
  const { encoding, marked } = encodingOf(head)
  const text = await gather(openText(() => [head], encoding, 0))
  const start: TablePosition = { byte: marked ? 3 : 0, line: 1, row: 0 }
  // the first line by which a file tells Excel its delimiter
  const told = /^sep=([^\r\n"])(?:\r\n?|\n)/i.exec(text.toString('latin1', start.byte, start.byte + 10))
  if (told) {
    start.byte += told[0].length
    start.line++
  }
  const asked = override.delimiter ?? told?.[1]
  if (asked !== undefined && (asked.length !== 1 || /[\r\n"]|[^\0-~]/.test(asked)))
    throw new TableError('bad_delimiter', 'A delimiter is one character of ASCII, and no quote or line end.')

  const sample = await bestSample(text, start, cut, asked === undefined ? delimiters : [asked], sought)
  if (sample === undefined) throw new TableError('empty_table', 'The table has no rows.')
  const { rows, delimiter } = sample
  const first = rows[0]!.cells.map((cell) => cell.trim())
  const column = columnOf(first, rows, sought, override)
  const hasHeader = override.hasHeader ?? isHeader(first, column, sought, override.column)
  const width = rows.reduce((most, { cells }) => Math.max(most, cells.length), 0)
  return {
    encoding,
    delimiter,
    marked: marked || encoding !== 'utf-8' || !isUtf8(text, cut),
    tellsDelimiter: told !== null,
    hasHeader,
    columns: Array.from({ length: hasHeader ? first.length : width }, (_, i) =>
      hasHeader && first[i] !== '' ? first[i]! : `column ${i + 1}`,
    ),
    column,
    start: hasHeader ? { ...sample.behindFirst, row: 0 } : start,
  }
}

async function readHead(open: OpenBytes): Promise<{ head: Buffer; cut: boolean }> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of open(0)) {
    chunks.push(chunk)
    size += chunk.length
    if (size > headBytes) break
  }
  return { head: Buffer.concat(chunks).subarray(0, headBytes), cut: size > headBytes }
}

/** `cut` says that it may end inside a character. */
function isUtf8(text: Buffer, cut: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text, { stream: cut })
    return true
  } catch {
    return false
  }
}

async function gather(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

interface Sample {
  delimiter: string
  rows: SplitRow[]
  behindFirst: TablePosition
  /** Cells of the best column that are what is sought. */
  hits: number
  /** Rows that have the columns of the first, where those are several. */
  even: number
}

/** Undefined for a table without rows. */
async function bestSample(
  text: Buffer,
  start: TablePosition,
  cut: boolean,
  candidates: string[],
  sought: Sought,
): Promise<Sample | undefined> {
  const samples: (Sample | undefined)[] = []
  let trouble: unknown
  for (const delimiter of candidates) {
    try {
      samples.push(await readSample(text, start, cut, delimiter, sought))
    } catch (error) {
      if (!(error instanceof TableError)) throw error
      trouble ??= error
    }
  }
  const best = samples
    .filter((sample) => sample !== undefined)
    .toSorted((a, b) => b.hits - a.hits || b.even - a.even)
    .at(0)
  if (best !== undefined && best.hits > 0) return best
  // nothing speaks for the others, such as one in which the delimiters of blank rows are cells
  if (trouble !== undefined) throw trouble
  return samples.includes(undefined) ? undefined : best
}

async function readSample(
  text: Buffer,
  start: TablePosition,
  cut: boolean,
  delimiter: string,
  sought: Sought,
): Promise<Sample | undefined> {
  const rows: SplitRow[] = []
  let behindFirst: TablePosition | undefined
  const pieces = openText(() => [text.subarray(start.byte)], 'utf-8', 0)
  for await (const batch of splitRows(pieces, delimiter, start, { rowsAtOnce: 1, cut })) {
    behindFirst ??= batch.next
    rows.push(...batch.rows)
    if (rows.length === sampleRows) break
  }
  if (behindFirst === undefined) return undefined
  const width = rows[0]!.cells.length
  return {
    delimiter,
    rows,
    behindFirst,
    hits: Math.max(...hitsByColumn(rows, sought)),
    even: width === 1 ? 0 : rows.filter(({ cells }) => cells.length === width).length,
  }
}

function hitsByColumn(rows: SplitRow[], { looksLike }: Sought): number[] {
  const hits = [0]
  for (const { cells } of rows)
    for (let i = 0; i < cells.length; i++) hits[i] = (hits[i] ?? 0) + (looksLike(cells[i]!.trim()) ? 1 : 0)
  return hits
}

function columnOf(first: string[], rows: SplitRow[], sought: Sought, { column, hasHeader }: ShapeOverride): number {
  const hits = hitsByColumn(rows, sought)
  if (column !== undefined) {
    const asked = column.trim()
    const named = hasHeader === false ? -1 : first.findIndex((cell) => cell.toLowerCase() === asked.toLowerCase())
    const index = named >= 0 ? named : /^\d{1,4}$/.test(asked) ? Number(asked) - 1 : -1
    if (index < 0 || index >= hits.length)
      throw new TableError('unknown_column', `There is no column "${asked}". The first row is: ${listed(first)}.`)
    return index
  }
  const most = Math.max(...hits)
  // a table may hold the domain of the firm and the URL of its picture
  const near = (index: number): boolean => hits[index]! >= most * 0.8
  const named = first.findIndex((cell, i) => near(i) && !sought.looksLike(cell) && sought.headers.test(cell))
  if (named >= 0) return named
  if (most > 0 || hits.length === 1) return hits.indexOf(most)
  throw new TableError(
    'column_not_found',
    `No column of the table holds ${sought.what}. Say which it is. The first row is: ${listed(first)}.`,
  )
}

/** A first row that might be a bad entry is no header: an entry must not vanish. */
function isHeader(first: string[], column: number, sought: Sought, asked: string | undefined): boolean {
  const cell = first[column] ?? ''
  if (sought.looksLike(cell)) return false
  if (asked !== undefined && cell.toLowerCase() === asked.trim().toLowerCase()) return true
  return sought.headers.test(cell) || /^\p{L}[\p{L}\p{N} _()/#-]*$/u.test(cell)
}

function listed(cells: string[]): string {
  const shown = cells.slice(0, 10).map((cell) => (cell.length > 40 ? `${cell.slice(0, 39).toWellFormed()}…` : cell))
  return shown.join(', ') + (cells.length > 10 ? ', …' : '')
}
