import { isUtf8 } from 'node:buffer'

import { CsvError, Parser } from 'csv-parse'

import { TableError } from './table-error.ts'

/** A place between two rows. Plain data: goes into checkpoints. */
export interface TablePosition {
  /** Bytes of the text in UTF-8 before it. */
  byte: number
  /** From 1. */
  line: number
  /** Rows of data before it. */
  row: number
}

export interface SplitRow {
  /** Counted from 0, the header not among them. */
  index: number
  /** Line on which it begins, from 1. */
  line: number
  /** As they were written, without the quotes around them; as many as the row has. */
  cells: string[]
}

export interface RowBatch<Row> {
  rows: Row[]
  /** Behind the last of them. */
  next: TablePosition
  /** The line of the first of them that is not in UTF-8, and was read as windows-1252; left out where all are. */
  guessedLine?: number
}

export const longestRowBytes = 262_144
export const mostColumns = 1_000

/**
 * Rows of text with delimiters (RFC 4180, with any line ends and stray quotes inside cells allowed), in batches, as the bytes come. Lines
 * and rows that are blank are none. `cut` says that the text may end inside a row, which is then left out. Throws `TableError`.
 */
export async function* splitRows(
  text: AsyncIterable<Buffer>,
  delimiter: string,
  start: TablePosition,
  { rowsAtOnce, cut = false }: { rowsAtOnce: number; cut?: boolean },
): AsyncGenerator<RowBatch<SplitRow>> {
  const full: RowBatch<SplitRow>[] = []
  let rows: SplitRow[] = []
  let { line, row: index } = start
  let next = start
  let emptyLines = 0
  let guessedLine: number | undefined
  const handOver = () => {
    full.push({ rows, next, ...(guessedLine !== undefined && { guessedLine }) })
    rows = []
    guessedLine = undefined
  }
  const parser = new Parser({
    delimiter,
    // a byte a character: cells are decoded one by one
    encoding: 'latin1',
    // all three, since lists that were put together from several have several
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: longestRowBytes,
    on_record: (raw: string[], info) => {
      line += info.empty_lines - emptyLines
      emptyLines = info.empty_lines
      if (raw.length > mostColumns)
        throw new TableError(
          'too_many_columns',
          `The row has ${raw.length} columns; ${mostColumns} are the most.`,
          line,
        )
      const cells = raw.map((cell, i) => decodeCell(cell, line, i + 1, () => (guessedLine ??= line)))
      if (cells.some((cell) => cell.trim() !== '')) rows.push({ index: index++, line, cells })
      line += 1 + lineBreaks(cells)
      next = { byte: start.byte + info.bytes, line, row: index }
      if (rows.length === rowsAtOnce) handOver()
      // pushed to nobody
      return null
    },
  })
  // each error is told to the write that met it
  parser.on('error', () => {})
  const settled = (act: (done: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => act((error) => (error ? reject(tableError(error, line, emptyLines)) : resolve())))
  try {
    for await (const bytes of text) {
      await settled((done) => parser.write(bytes, done))
      yield* full.splice(0)
    }
    if (!cut) await settled((done) => parser.end(done))
    if (rows.length > 0) handOver()
    yield* full.splice(0)
  } finally {
    parser.destroy()
  }
}

function decodeCell(raw: string, line: number, column: number, onGuess: () => void): string {
  if (!beyondAscii.test(raw)) return raw
  // Postgres stores no NUL, and no text has one
  if (raw.includes('\0')) throw new TableError('not_text', 'The cell holds a NUL: this is no text.', line, column)
  const bytes = Buffer.from(raw, 'latin1')
  if (isUtf8(bytes)) return bytes.toString()
  onGuess()
  return windows1252.decode(bytes)
}

// oxlint-disable-next-line no-control-regex -- NUL is what it looks for
const beyondAscii = /[\0\u0080-\u00ff]/
const windows1252 = new TextDecoder('windows-1252')

function lineBreaks(cells: string[]): number {
  let count = 0
  for (const cell of cells) if (/[\r\n]/.test(cell)) count += cell.match(/\r\n?|\n/g)!.length
  return count
}

/** `line` is behind the last whole row. */
function tableError(error: Error, line: number, emptyLines: number): Error {
  if (!(error instanceof CsvError)) return error
  const column = typeof error['column'] === 'number' ? error['column'] + 1 : undefined
  const at = line + (typeof error['empty_lines'] === 'number' ? error['empty_lines'] - emptyLines : 0)
  if (error.code === 'CSV_QUOTE_NOT_CLOSED')
    return new TableError('quote_not_closed', 'A quote (") is opened and never closed.', at, column)
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    const message = `The row is longer than ${longestRowBytes} bytes; perhaps a quote (") is not closed.`
    return new TableError('row_too_long', message, at, column)
  }
  return error
}
