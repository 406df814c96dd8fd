import type { Transaction } from 'kysely'

import { addVerifications, countOthers, sumVerifications } from '../../db/job-verifications.ts'
import type { DB } from '../../db/types.ts'
import { saveVerdicts } from '../../db/verdicts.ts'
import { addListRows, addVerifyList, countSkippedRows, type SkippedRows } from '../../db/verify-lists.ts'
import { serviceNames } from '../engines/verify/terms.ts'
import type { Note, SaveArgs, Saved } from '../job-kind.ts'
import { dropSuppressed, withoutSuppressed } from './suppressed.ts'
import type { VerifyBatch } from './verify-batch.ts'

/**
 * Stores the steps of several shards. Everybody locks in this order: the list of suppressions, rows of the list, verdicts, results, each by its key; so two jobs over one list, and
 * two shards that meet the same address, wait for each other in one direction alone.
 */
export async function saveVerification(
  trx: Transaction<DB>,
  { jobId, groupId }: SaveArgs,
  batches: readonly VerifyBatch[],
): Promise<Saved> {
  const { rows, verdicts, found } = await withoutSuppressed(trx, jobId, {
    rows: batches.flatMap((batch) => batch.rows),
    verdicts: batches.flatMap((batch) => batch.verdicts),
    found: batches.flatMap((batch) => batch.found),
  })
  for (const { list } of batches) if (list) await addVerifyList(trx, jobId, list)
  await addListRows(trx, jobId, rows)
  const rules = batches.findLast((batch) => batch.rules)?.rules
  if (!rules) return {}
  const ranges = batches.flatMap(({ asked }) => asked)
  await dropSuppressed(trx, jobId, ranges)
  await saveVerdicts(trx, { jobId, ...rules }, verdicts)
  const { succeeded, failedItems } = await addVerifications(trx, { jobId, groupId, names: serviceNames }, found, {
    ...rules,
    ranges,
  })
  const skipped = await countOthers(
    trx,
    jobId,
    batches.flatMap(({ closed }) => closed),
  )
  const failed = failedItems.length
  return { succeeded, failed, skipped, results: succeeded + failed, failedItems }
}

export async function finishVerification(
  trx: Transaction<DB>,
  jobId: number,
): Promise<{ notes: Note[]; summary: Record<string, unknown> }> {
  const skipped = await countSkippedRows(trx, jobId)
  return { notes: noteOfSkipped(skipped), summary: { ...(await sumVerifications(trx, jobId)) } }
}

function noteOfSkipped(skipped: SkippedRows): Note[] {
  const counts = Object.fromEntries(Object.entries(skipped).filter(([, count]) => count > 0))
  const parts = Object.entries(counts).map(([why, count]) => `${count.toLocaleString('en')} ${why}`)
  if (parts.length === 0) return []
  return [{ message: `entries of the list that are skipped: ${parts.join(', ')}`, counts }]
}
