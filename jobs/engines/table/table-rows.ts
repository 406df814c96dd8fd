import { splitRows, type RowBatch, type SplitRow, type TablePosition } from './split-rows.ts'
import { openText, type OpenBytes } from './table-bytes.ts'
import type { TableShape } from './table-shape.ts'

export interface TableRow extends SplitRow {
  /** The cell of the column that is sought, trimmed; empty where the row has none. */
  value: string
}

/**
 * The rows of data of a table in batches, in order, each once, in flat memory. Goes on from a `next` of an earlier reading: bytes before it are not
 * asked for (in UTF-16 they are, since positions count UTF-8). Throws `TableError` at a row that cannot be read; the batches before it stand.
 */
export async function* readRows(
  open: OpenBytes,
  shape: TableShape,
  { from = shape.start, rowsAtOnce = 1_000 }: { from?: TablePosition; rowsAtOnce?: number } = {},
): AsyncGenerator<RowBatch<TableRow>> {
  const text = openText(open, shape.encoding, from.byte)
  for await (const { rows, ...batch } of splitRows(text, shape.delimiter, from, { rowsAtOnce })) {
    yield { rows: rows.map((row) => ({ ...row, value: row.cells[shape.column]?.trim() ?? '' })), ...batch }
  }
}

/** For people, of a table that has such a line. */
export function guessWords(guessedLine: number): string {
  return `Line ${guessedLine} of the table is not in UTF-8: such lines are read as Windows-1252`
}
