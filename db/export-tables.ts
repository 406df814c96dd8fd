import { type RawBuilder, sql } from 'kysely'

import { type JobAddressFilter, type JobAddressOrder, jobAddressOrders, matchingAddresses } from './address-list.ts'
import { orderByClause } from './keyset.ts'
import { matchingPages, type PageFilter, pageOrder } from './page-list.ts'
import { onList } from './suppressions.ts'

/** What of a job can be exported. Columns are named as the API names its fields. */
export interface ExportTable {
  columns: ExportColumn[]
  /** Of its rows as JSON, where they are others. */
  jsonColumns?: Pick<ExportColumn, 'name' | 'value'>[]
  /** All behind `select …`: from, where, order by. */
  source: RawBuilder<unknown>
  /** `select exists (…)`: whether the job has anything of it, whatever the filter. */
  exists: RawBuilder<{ exists: boolean }>
}

export interface ExportColumn {
  name: string
  /** Its SQL. */
  value: string
  /** A text that others have written may begin as a formula does to a spreadsheet; what we make (numbers, choices, normal forms of URLs and domains) never does. */
  type: 'text' | 'own' | 'list' | 'time' | 'flag'
}

/** Addresses of a job, each once, with its best sighting. */
export function addressTable(jobId: number, filter: JobAddressFilter, order: JobAddressOrder): ExportTable {
  const found =
    order === 'FOUND'
      ? sql`job_groups g join job_addresses a on a.job_id = g.job_id and a.group_id = g.group_id`
      : sql`job_addresses a`
  const ofJob = order === 'FOUND' ? sql`g.job_id = ${jobId} and ` : sql``
  return {
    columns: [
      { name: 'address', value: 'a.address', type: 'text' },
      { name: 'domain', value: 'a.domain', type: 'own' },
      { name: 'quality', value: 'a.quality', type: 'own' },
      { name: 'confidence', value: 'a.confidence', type: 'own' },
      { name: 'reasons', value: 'a.reasons', type: 'list' },
      { name: 'method', value: 'a.method', type: 'own' },
      { name: 'sourceUrl', value: 'a.source_url', type: 'own' },
      { name: 'snippet', value: 'a.snippet', type: 'text' },
      { name: 'personName', value: 'a.person_name', type: 'text' },
      { name: 'position', value: 'a.position', type: 'text' },
      { name: 'phone', value: 'a.phone', type: 'text' },
      { name: 'organisation', value: 'a.organisation', type: 'text' },
      { name: 'workerId', value: 'a.worker_id', type: 'own' },
      { name: 'foundAt', value: 'a.found_at', type: 'time' },
      { name: 'suppressed', value: onList('a.address'), type: 'flag' },
    ],
    source: sql`from ${found} where ${ofJob}${matchingAddresses(jobId, filter)} order by ${orderByClause(jobAddressOrders[order].columns)}`,
    exists: sql`select exists (select from job_addresses where job_id = ${jobId})`,
  }
}

/** Pages of a job, with those that were skipped or refused by robots rules, and why. */
export function pageTable(jobId: number, filter: PageFilter): ExportTable {
  return {
    columns: [
      { name: 'url', value: 'p.url', type: 'own' },
      { name: 'parentUrl', value: 'p.parent_url', type: 'own' },
      { name: 'depth', value: 'p.depth', type: 'own' },
      { name: 'status', value: 'p.status', type: 'own' },
      { name: 'httpStatus', value: 'p.http_status', type: 'own' },
      { name: 'errorCategory', value: 'p.error_category', type: 'own' },
      { name: 'errorMessage', value: 'p.error_message', type: 'text' },
      { name: 'fetchMs', value: 'p.fetch_ms', type: 'own' },
      { name: 'extractMs', value: 'p.extract_ms', type: 'own' },
      { name: 'emailCount', value: 'p.email_count', type: 'own' },
      { name: 'foundAt', value: 'p.found_at', type: 'time' },
      { name: 'fetchedAt', value: 'p.fetched_at', type: 'time' },
    ],
    source: sql`from pages p where ${matchingPages(jobId, filter)} order by ${orderByClause(pageOrder.columns)}`,
    exists: sql`select exists (select from pages where job_id = ${jobId})`,
  }
}

/** Its rows as they go into CSV, under a header of the names of its columns. */
export function csvRows({ columns, source }: ExportTable): RawBuilder<unknown> {
  const values = columns.map(({ value, type }) => cellOf(value, type))
  return sql`select ${sql.raw(values.join(', '))} ${source}`
}

/** Its rows as texts of JSON, an object each. */
export function jsonRows({ columns, jsonColumns = columns, source }: ExportTable): RawBuilder<unknown> {
  const values = jsonColumns.map(({ name, value }) => `${value} as "${name}"`)
  return sql`select row_to_json(r) from (select ${sql.raw(values.join(', '))} ${source}) r`
}

/** The same cells as texts of JSON, an object each, whose values are in the order of the columns, and of their type: for what knows texts from formulas by itself. */
export function cellRows({ columns, source }: ExportTable): RawBuilder<unknown> {
  const values = columns.map(({ value, type }, i) => `${type === 'list' ? cellOf(value, type) : value} as "c${i}"`)
  return sql`select row_to_json(r) from (select ${sql.raw(values.join(', '))} ${source}) r`
}

function cellOf(value: string, type: ExportColumn['type']): string {
  switch (type) {
    case 'own':
      return value
    // As in JSON; the connection's time zone is UTC.
    case 'time':
      return `to_json(${value}) #>> '{}'`
    // Of our own words.
    case 'list':
      return `array_to_string(${value}, '; ')`
    case 'flag':
      return `(${value})::text`
    case 'text':
      return withoutFormula(value)
  }
}

/** Tab, LF, CR, + - = @, and the last four in full width: a cell that begins so is a formula to spreadsheets (OWASP, "CSV Injection"). A quote in front makes it a text. */
const formulaStarts = [9, 10, 13, 43, 45, 61, 64, 0xff0b, 0xff0d, 0xff1d, 0xff20]

function withoutFormula(value: string): string {
  return `case when ascii(${value}) in (${formulaStarts.join(', ')}) then '''' || ${value} else ${value} end`
}
