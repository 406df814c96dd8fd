import { setImmediate as turn } from 'node:timers/promises'

import { type HostList, hostList } from '../engines/crawl/host-list.ts'
import { readDomain, readStartUrl, type Start } from '../engines/crawl/scope.ts'
import type { OpenBytes } from '../engines/table/table-bytes.ts'
import { placeOf, TableError } from '../engines/table/table-error.ts'
import { readRows } from '../engines/table/table-rows.ts'
import { readShape, type Sought, type TableShape } from '../engines/table/table-shape.ts'
import type { OpenUpload, Settings } from '../job-kind.ts'
import type { InputIssue } from '../refusals.ts'
import { type CrawlInput, mostStarts } from './input.ts'

/** A table of starts that the user pasted or uploaded. */
export interface StartTable {
  /** Of the input. */
  field: 'table' | 'upload'
  open: OpenBytes
}

/** Undefined where the input has none, or the upload is not there: that is refused elsewhere. */
export async function startTable(
  { table, upload }: Pick<CrawlInput, 'table' | 'upload'>,
  openUpload: OpenUpload,
): Promise<StartTable | undefined> {
  if (table !== undefined) {
    const bytes = Buffer.from(table)
    return { field: 'table', open: (from) => [bytes.subarray(from)] }
  }
  if (upload === undefined) return undefined
  const reader = await openUpload(upload)
  return reader && { field: 'upload', open: (start) => reader.read({ start }) }
}

/** How the table is to be read, by what it holds and what the input says of it. Throws `TableError`. */
export function shapeOfStarts(
  { open }: StartTable,
  input: CrawlInput,
  settings: Pick<Settings, 'ownHosts'>,
): Promise<TableShape> {
  const { column, delimiter, header } = input
  return readShape(open, sitesFor(settings), {
    ...(column !== undefined && { column }),
    ...(delimiter !== undefined && { delimiter: delimiter === 'tab' ? '\t' : delimiter }),
    ...(header !== undefined && { hasHeader: header === 'yes' }),
  })
}

/** What stands in a cell: a domain or a URL, and whatever of a URL people leave away: `example.com/`, `example.com/en/`. */
export function readSite(cell: string, listed: HostList): Start {
  const [, host, path] = /^([^\s/?#@\\:]+(?::\d+)?)(\/.*)$/.exec(cell) ?? []
  if (host === undefined) return readDomain(cell, listed)
  return /^\/+$/.test(path!) ? readDomain(host, listed) : readStartUrl(`https://${cell}`, listed)
}

export function sitesFor({ ownHosts }: Pick<Settings, 'ownHosts'>): Sought {
  const listed = hostList(ownHosts)
  return {
    what: 'domains or URLs of sites',
    looksLike: (cell) => readSite(cell, listed).ok,
    headers: /domain|web ?-?(?:site|seite)|homepage|\burl\b|\bhost\b|sitio|site web/i,
  }
}

const mostIssues = 100

/**
 * Names the rows of the table whose sites cannot be crawled, the first hundred of them, unless they are to be left out and others are not. Rows without a site
 * are none's fault: they are passed over.
 */
export async function checkStartTable(
  input: CrawlInput,
  settings: Settings,
  openUpload: OpenUpload,
): Promise<InputIssue[]> {
  const table = await startTable(input, openUpload)
  if (table === undefined) return []
  const path = [table.field]
  const issues: InputIssue[] = []
  const listed = hostList(settings.ownHosts)
  let starts = (input.domains?.length ?? 0) + (input.startUrls?.length ?? 0)
  let [good, bad] = [0, 0]
  try {
    const shape = await shapeOfStarts(table, input, settings)
    for await (const { rows } of readRows(table.open, shape)) {
      for (const { line, value } of rows) {
        if (value === '') continue
        if (++starts > mostStarts)
          return [{ path, message: `The starts are more than ${mostStarts}.`, code: 'too_many_starts' }]
        const start = readSite(value, listed)
        if (start.ok) good++
        else if (++bad <= mostIssues) issues.push({ path, message: refusalOfRow(line, shape, start), code: start.code })
      }
      await turn()
    }
  } catch (error) {
    if (!(error instanceof TableError)) throw error
    return [{ path, message: error.message, code: error.code }]
  }
  if (good > 0 && (bad === 0 || input.leaveOutBadRows)) return []
  if (bad === 0) return [{ path, message: 'No row of the table has a site.', code: 'empty_table' }]
  const others = good === 1 ? '1 other row' : `${good} other rows`
  // First, since of many problems few are shown.
  const wayOut = { path, message: `Choose "Leave out bad rows" to crawl the ${others}.`, code: 'bad_rows' }
  const more = { path, message: `These are ${mostIssues} of ${bad} rows that cannot be crawled.`, code: 'more_issues' }
  return [...(good > 0 ? [wayOut] : []), ...issues, ...(bad > mostIssues ? [more] : [])]
}

/** `Line 3, column 2: "exa mple" is not a domain`. */
export function refusalOfRow(line: number, { column }: TableShape, { message }: { message: string }): string {
  return `${placeOf(line, column + 1)}: ${message}`
}
