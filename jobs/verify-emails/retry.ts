import { sql } from 'kysely'

import { reopenFailed } from '../../db/job-verifications.ts'
import type { RetryFailed } from '../job-kind.ts'

/** Addresses whose check failed become open again, and what is known of the failure no longer holds back the next try. */
export const retryVerification: RetryFailed = {
  shards: (jobId) => sql`
    select distinct 'rows-' || lpad((v.position - v.position % l.rows_per_shard)::text, 12, '0') as key
    from job_verifications v join verify_lists l on l.job_id = v.job_id where v.job_id = ${jobId} and v.failed`,
  async reopen(trx, jobId) {
    return { failed: -(await reopenFailed(trx, jobId)) }
  },
  // What was no result of its own has been counted.
  checkpoint: sql`checkpoint`,
  mayGrow: false,
}
