import type { Transaction } from 'kysely'

import { countStarts, lockStarts } from '../../db/job-limits.ts'
import type { DB } from '../../db/types.ts'
import type { AnyJobKind, Settings } from '../job-kind.ts'
import { RateLimited } from '../refusals.ts'

/** Starts a job by `insert` within the limits of its kind, or throws RateLimited: the caller rolls back. What `insert` does not start is not limited. */
export async function withinLimits(
  trx: Transaction<DB>,
  kind: AnyJobKind,
  settings: Settings,
  insert: () => Promise<number | null>,
): Promise<number | null> {
  const limits = kind.limits?.(settings)
  if (!limits) return insert()
  await lockStarts(trx, kind.kind)
  const jobId = await insert()
  if (jobId === null) return null
  const { open, started, freeInMs } = await countStarts(trx, kind.kind, limits.intervalMs)
  if (started > limits.starts) {
    const seconds = Math.ceil(freeInMs / 1_000)
    throw new RateLimited(
      `${limits.starts} jobs of this kind may be started in ${limits.intervalMs / 1_000} s: try again in ${seconds} s.`,
      seconds,
    )
  }
  if (open > limits.jobsAtOnce)
    throw new RateLimited(`${limits.jobsAtOnce} jobs of this kind may run at a time: wait until one has ended.`, null)
  return jobId
}
