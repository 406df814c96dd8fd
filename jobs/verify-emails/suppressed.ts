import type { Transaction } from 'kysely'

import { holdSuppressions, suppressedAmong } from '../../db/suppressions.ts'
import type { DB } from '../../db/types.ts'
import {
  dropListAddresses,
  dropSuppressedRows,
  type ListRange,
  type ListRow,
  suppressedRow,
} from '../../db/verify-lists.ts'
import type { VerifyBatch } from './verify-batch.ts'

/**
 * Leaves out addresses that no job may store. Their rows of the list keep their place without them, so that they are skipped as rows
 * without an address are; also those that were stored before their address was put on the list of suppressions.
 */
export async function withoutSuppressed(
  trx: Transaction<DB>,
  jobId: number,
  { rows, verdicts, found }: Pick<VerifyBatch, 'rows' | 'verdicts' | 'found'>,
): Promise<Pick<VerifyBatch, 'rows' | 'verdicts' | 'found'>> {
  const checked = [...verdicts, ...found].map(({ address }) => address)
  const suppressed = await suppressedAmong(trx, [...rows.flatMap(({ address }) => address ?? []), ...checked])
  if (suppressed.size === 0) return { rows, verdicts, found }
  const late = new Set(checked.filter((address) => suppressed.has(address)))
  if (late.size > 0) await dropListAddresses(trx, jobId, [...late])
  const isKept = ({ address }: { address: string }) => !suppressed.has(address)
  return {
    rows: rows.map((row) => (isSuppressed(row, suppressed) ? suppressedRow(row) : row)),
    verdicts: verdicts.filter(isKept),
    found: found.filter(isKept),
  }
}

/** The same for addresses that the store is to answer. */
export async function dropSuppressed(trx: Transaction<DB>, jobId: number, ranges: readonly ListRange[]): Promise<void> {
  if (ranges.length === 0) return
  await holdSuppressions(trx)
  await dropSuppressedRows(trx, jobId, ranges)
}

function isSuppressed({ address }: ListRow, suppressed: ReadonlySet<string>): boolean {
  return address !== null && suppressed.has(address)
}
