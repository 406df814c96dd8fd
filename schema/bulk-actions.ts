import { countOldJobs } from '../db/job-removal.ts'
import { askAll, type BulkAction, countAllowing } from '../jobs/control/bulk.ts'
import { deleteOld } from '../jobs/control/removal.ts'
import { ValidationError } from '../jobs/refusals.ts'
import { builder } from './builder.ts'
import { ForbiddenType, orRefused, resultType, ValidationErrorType } from './errors.ts'
import { JobFilter, jobFilterRow } from './job.ts'

const JobsSuccess = builder.objectRef<{ count: number; dryRun: boolean }>('JobsSuccess').implement({
  description: 'What was done to many jobs, or would be.',
  fields: (t) => ({
    count: t.exposeFloat('count', {
      description: 'How many jobs were changed; in a dry run, how many would be if nothing else happened.',
    }),
    dryRun: t.exposeBoolean('dryRun', { description: 'True where nothing has been changed.' }),
  }),
})

const JobsResult = builder.unionType('JobsResult', {
  description: 'What comes of asking something of many jobs.',
  types: [JobsSuccess, ValidationErrorType, ForbiddenType],
  resolveType: resultType('JobsSuccess'),
})

const dryRunDescription =
  'True, the default: only count. Nothing is changed unless you say `dryRun: false`, since what is asked for may concern thousands of jobs.'

const actions: Record<string, { action: BulkAction; does: string }> = {
  pauseJobs: { action: 'PAUSE', does: 'Pauses' },
  cancelJobs: { action: 'CANCEL', does: 'Cancels' },
  resumeJobs: { action: 'RESUME', does: 'Resumes' },
  retryJobs: { action: 'RETRY', does: 'Gives another try to the failed items of' },
  deleteJobs: { action: 'DELETE', does: 'Deletes' },
}

for (const [name, { action, does }] of Object.entries(actions)) {
  builder.mutationField(name, (t) =>
    t.field({
      type: JobsResult,
      description: `${does} all of your jobs that pass the filter and whose \`allowedActions\` include ${action}. It goes by portions: if the server is lost on the way, asking again does the rest.`,
      args: {
        filter: t.arg({
          type: JobFilter,
          required: true,
          description: 'Which jobs, as for the list `jobs`; `{}` is all of them.',
        }),
        dryRun: t.arg.boolean({ defaultValue: true, description: dryRunDescription }),
      },
      resolve: (_root, { filter: given, dryRun }, { engine, viewer: { owner } }) =>
        orRefused(async () => {
          const filter = jobFilterRow(given)
          const only = dryRun !== false
          const count = await (only ? countAllowing : askAll)(engine, owner, filter, action)
          return { count, dryRun: only }
        }),
    }),
  )
}

const mostDays = 36_500

builder.mutationField('cleanUpJobs', (t) =>
  t.field({
    type: JobsResult,
    description:
      'Deletes your jobs that ended long ago: completed, failed or cancelled ones, never one that is paused. The operator can have it done by itself for all with `RETENTION_DAYS`.',
    args: {
      olderThanDays: t.arg.int({
        defaultValue: 30,
        description: `Those that ended more than so many days ago: 0 to ${mostDays}.`,
      }),
      dryRun: t.arg.boolean({ defaultValue: true, description: dryRunDescription }),
    },
    resolve: (_root, { olderThanDays, dryRun }, { engine, viewer: { owner } }) =>
      orRefused(async () => {
        const days = olderThanDays ?? 30
        if (days < 0 || days > mostDays) {
          const message = `must be from 0 to ${mostDays}, not ${days}`
          throw new ValidationError([{ path: ['olderThanDays'], message, code: 'out_of_range' }])
        }
        const only = dryRun !== false
        const count = only ? await countOldJobs(engine.db, { owner, days }) : await deleteOld(engine, { owner, days })
        return { count, dryRun: only }
      }),
  }),
)
