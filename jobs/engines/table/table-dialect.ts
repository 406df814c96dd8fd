/** How a table of text is written: what a spreadsheet that opens it goes by. Plain data: goes into checkpoints. */
export interface TableDialect {
  delimiter: string
  /** What is written like it begins with a byte order mark: it does itself, or is in an encoding that spreadsheets took without one, which is UTF-8 no more. */
  marked: boolean
  /** Its first line is `sep=` and the delimiter. */
  tellsDelimiter: boolean
}

/** Of CSV that is not made from a table. */
export const plainDialect: TableDialect = { delimiter: ',', marked: false, tellsDelimiter: false }

/** What stands before the header. */
export function openingOf({ delimiter, marked, tellsDelimiter }: TableDialect): string {
  return `${marked ? '\uFEFF' : ''}${tellsDelimiter ? `sep=${delimiter}\r\n` : ''}`
}
