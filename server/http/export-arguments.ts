import type { Kysely } from 'kysely'
import { z } from 'zod'

import { jobAddressOrders, type JobAddressOrder } from '../../db/address-list.ts'
import { addressTable, type ExportTable, pageTable } from '../../db/export-tables.ts'
import { verificationTable } from '../../db/export-verifications.ts'
import type { DB } from '../../db/types.ts'
import { findVerifyList } from '../../db/verify-lists.ts'
import type { TableDialect } from '../../jobs/engines/table/table-dialect.ts'
import { reasons, statuses } from '../../jobs/engines/verify/terms.ts'
import { readAs } from '../../jobs/verify-emails/list-place.ts'

/** The message says which argument and what it may be. */
export class BadArgument extends Error {}

/** What of a job can be exported, by its name in the path; arguments are those of the list in the API, repeated or with commas for several. */
export const exportTables = new Map<string, TableOf>([
  ['addresses', addresses],
  ['pages', pages],
  ['verifications', verifications],
])

/** `dialect`: of the list that it gives back, where that was a table. */
export type AskedTable = ExportTable & { dialect?: TableDialect | undefined }
type TableOf = (jobId: number, given: URLSearchParams, db: Kysely<DB>) => AskedTable | Promise<AskedTable>

function addresses(jobId: number, given: URLSearchParams): ExportTable {
  const { text, domain, quality, method, orderBy } = read(given, {
    text: z.string().optional(),
    domain: z.string().toLowerCase().optional(),
    quality: list(
      z
        .string()
        .toLowerCase()
        .pipe(z.enum(['high', 'medium', 'low'])),
    ),
    method: list(z.string()),
    orderBy: z
      .string()
      .toUpperCase()
      .pipe(z.enum(Object.keys(jobAddressOrders) as JobAddressOrder[]))
      .default('FOUND'),
  })
  return addressTable(jobId, { text, domain, qualities: quality, methods: method }, orderBy)
}

function pages(jobId: number, given: URLSearchParams): ExportTable {
  const { text, status } = read(given, {
    text: z.string().optional(),
    status: list(
      z
        .string()
        .toUpperCase()
        .pipe(z.enum(['QUEUED', 'FETCHED', 'FAILED', 'SKIPPED'])),
    ),
  })
  return pageTable(jobId, { text, statuses: status })
}

async function verifications(jobId: number, given: URLSearchParams, db: Kysely<DB>): Promise<AskedTable> {
  const { text, domain, status, reason } = read(given, {
    text: z.string().optional(),
    domain: z.string().toLowerCase().optional(),
    status: list(z.string().toUpperCase().pipe(z.enum(statuses))),
    reason: list(z.string().toLowerCase().pipe(z.enum(reasons))),
  })
  const { columns, table } = readAs.parse((await findVerifyList(db, jobId))?.readAs ?? { columns: [] })
  const header = table?.hasHeader ? table.columns[0] : undefined
  const own = { names: columns, given: header ?? 'given', delimiter: table?.delimiter ?? ',' }
  return { ...verificationTable(jobId, { text, domain, statuses: status, reasons: reason }, own), dialect: table }
}

function list<Item extends z.ZodType<string, string>>(item: Item) {
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(item).max(100))
    .optional()
}

function read<Shape extends z.ZodRawShape>(given: URLSearchParams, shape: Shape): z.infer<z.ZodObject<Shape>> {
  const byName = Object.fromEntries([...new Set(given.keys())].map((name) => [name, given.getAll(name).join(',')]))
  const parsed = z.strictObject(shape).safeParse(byName)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw new BadArgument(
    path.length > 0 ? `${String(path[0])}: ${message}` : `${message}. There are: ${Object.keys(shape).join(', ')}`,
  )
}
