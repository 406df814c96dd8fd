import { sql } from 'kysely'

import type { ExportColumn, ExportTable } from './export-tables.ts'
import { onList } from './suppressions.ts'
import { matchingVerifications, type VerificationFilter } from './verification-list.ts'
import { isLeftOut } from './verify-lists.ts'

/** The user's own columns. */
export interface OwnColumns {
  /** Empty for lists that have but addresses. */
  names: readonly string[]
  /** What then stands above those, as they were given. */
  given: string
  /** Joins what a row has beyond them: it belongs to the last. */
  delimiter: string
}

const verdictColumns: ExportColumn[] = [
  { name: 'address', value: 'v.address', type: 'text' },
  { name: 'status', value: 'v.status', type: 'own' },
  { name: 'reason', value: 'v.reason', type: 'own' },
  { name: 'score', value: 'v.score', type: 'own' },
  { name: 'flags', value: 'v.flags', type: 'list' },
  { name: 'suggestion', value: 'v.suggestion', type: 'text' },
  { name: 'duplicate', value: 'v.position <> i.position', type: 'flag' },
  { name: 'failed', value: 'v.failed', type: 'flag' },
  { name: 'fromStore', value: 'v.from_store', type: 'flag' },
  { name: 'depth', value: 'v.depth', type: 'own' },
  { name: 'engine', value: 'v.engine', type: 'own' },
  { name: 'checkedAt', value: 'v.checked_at', type: 'time' },
  { name: 'holdsUntil', value: 'v.holds_until', type: 'time' },
  {
    name: 'suppressed',
    value: `case when i.address is null then coalesce(${isLeftOut}, false) else ${onList('i.address')} end`,
    type: 'flag',
  },
]

/**
 * The list of a job, every row in its place with the user's own columns, beside the verdict of its address; rows without an address, or without a verdict
 * yet, have none. With a filter only rows whose verdict passes.
 */
export function verificationTable(jobId: number, filter: VerificationFilter, own: OwnColumns): ExportTable {
  const given: ExportColumn = { name: own.given, value: 'coalesce(i.given, i.address)', type: 'text' }
  const cells = own.names.map((name, i): ExportColumn => ({ name, value: cell(i, own), type: 'text' }))
  const row = {
    name: 'row',
    value: `json_object(array[${own.names.map(literal).join()}], array[${cells.map(({ value }) => value).join()}])`,
  }
  const isFiltered = Object.values(filter).some((condition) => condition !== undefined)
  const verdicts = sql`job_verifications v on v.job_id = i.job_id and v.domain = i.domain and v.address = i.address`
  return {
    columns: [...(cells.length > 0 ? cells : [given]), ...verdictColumns],
    jsonColumns: [
      { name: 'position', value: 'i.position + 1' },
      cells.length > 0 ? row : { ...given, name: 'given' },
      ...verdictColumns,
    ],
    source: sql`from verify_items i ${
      isFiltered
        ? sql`join ${verdicts} where i.job_id = ${jobId} and ${matchingVerifications(jobId, filter)}`
        : sql`left join ${verdicts} where i.job_id = ${jobId}`
    } order by i.position`,
    exists: sql`select exists (select from job_verifications where job_id = ${jobId})`,
  }
}

function cell(index: number, { names, delimiter }: OwnColumns): string {
  const one = `coalesce(i.cells ->> ${index}, '')`
  if (index < names.length - 1) return one
  return `case when json_array_length(i.cells) <= ${names.length} then ${one} else (
    select string_agg(c.value, ${literal(delimiter)} order by c.n) from json_array_elements_text(i.cells) with ordinality c(value, n)
    where c.n > ${index}) end`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
