import { sql } from 'kysely'

import { giveBackFailed } from '../../db/crawl-grants.ts'
import { reopenFailedPages, shardsWithFailed } from '../../db/pages.ts'
import { reopenFailedSitemaps, shardsWithFailedSitemaps } from '../../db/sitemaps.ts'
import type { RetryFailed } from '../job-kind.ts'

/**
 * Failed pages go back into the frontier, at the depth at which they were, and what they took of the cap of their domain is given back. With them go the
 * pages that were skipped because their host was given up, and the host is asked again. Sitemaps
 * that could not be had are read again. What robots.txt forbade stays skipped.
 */
export const retryCrawl: RetryFailed = {
  shards: (jobId) => sql`${shardsWithFailed(jobId)} union ${shardsWithFailedSitemaps(jobId)}`,
  async reopen(trx, jobId) {
    await giveBackFailed(trx, jobId)
    await reopenFailedSitemaps(trx, jobId)
    const { failed, skipped } = await reopenFailedPages(trx, jobId)
    return { failed: -failed, skipped: -skipped }
  },
  checkpoint: sql`checkpoint - 'givenUp' - 'retry' || '{"strikes": 0, "faults": 0}'`,
  mayGrow: true,
}
