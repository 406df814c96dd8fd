/** The files that every table of a job is given as. */
export const exportFormats = [
  { ending: 'csv', label: 'CSV', says: 'plain text, UTF-8' },
  { ending: 'xlsx', label: 'Excel', says: 'for spreadsheets' },
  { ending: 'ndjson', label: 'JSON lines', says: 'a row a line' },
  { ending: 'json', label: 'JSON', says: 'one array' },
] as const
