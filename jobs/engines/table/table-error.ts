/** What can be wrong with an uploaded or pasted table. */
export type TableErrorCode =
  | 'empty_table'
  | 'not_text'
  | 'bad_delimiter'
  | 'unknown_column'
  | 'column_not_found'
  | 'quote_not_closed'
  | 'row_too_long'
  | 'too_many_columns'

/** A table that cannot be read, with the place where that shows. */
export class TableError extends Error {
  override name = 'TableError'
  readonly code: TableErrorCode
  /** From 1, as an editor counts: the line on which the row begins. Undefined where it is about the whole table. */
  readonly line: number | undefined
  /** From 1. */
  readonly column: number | undefined

  constructor(code: TableErrorCode, message: string, line?: number, column?: number) {
    super(line === undefined ? message : `${placeOf(line, column)}: ${message}`)
    this.code = code
    this.line = line
    this.column = column
  }
}

/** `Line 7, column 2`. */
export function placeOf(line: number, column?: number): string {
  return column === undefined ? `Line ${line}` : `Line ${line}, column ${column}`
}
