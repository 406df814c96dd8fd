// Each file adds its types and fields to the builder.
// oxlint-disable import/no-unassigned-import
import { builder } from './builder.ts'
import './address.ts'
import './bulk-actions.ts'
import './engine-health.ts'
import './job-actions.ts'
import './job-kind.ts'
import './job-stats.ts'
import './job.ts'
import './sample-site.ts'
import './sender-audit.ts'
import './setting.ts'
import './start-job.ts'
import './subscriptions.ts'
import './suppression.ts'
import './table-preview.ts'
import './verification-stats.ts'
import './worker.ts'

/** The API, put together from the files of this folder. */
export const schema = builder.toSchema()
