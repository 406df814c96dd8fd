import { sql } from 'kysely'

import { reopenFailed, uncountOthers } from '../../db/job-verifications.ts'
import { shardKeyOf } from '../../db/verify-lists.ts'
import type { RetryFailed } from '../job-kind.ts'

/** Addresses whose check failed become open again, and what is known of the failure no longer holds back the next try. */
export const retryVerification: RetryFailed = {
  shards: (jobId) => sql`
    select distinct ${shardKeyOf('v.position', 'l.rows_per_shard')} as key
    from job_verifications v join verify_lists l on l.job_id = v.job_id where v.job_id = ${jobId} and v.failed`,
  async reopen(trx, jobId) {
    // Before the failed ones are open: then they would count as others.
    const skipped = -(await uncountOthers(trx, jobId))
    return { failed: -(await reopenFailed(trx, jobId)), skipped }
  },
  // An address that is to be tried again may be suppressed before it is: the rows are counted anew.
  checkpoint: sql`case when checkpoint ->> 'closed' = 'true' then checkpoint || '{"closed": false, "counted": true}' else checkpoint end`,
  mayGrow: false,
}
