import { badUserInput } from './bad-user-input.ts'
import { builder } from './builder.ts'
import { NotFoundType } from './errors.ts'
import { JobEvent } from './job-event.ts'
import { Job, JobFilter, jobFilterRow } from './job.ts'
import type { JobEventItem, JobsChangeItem, Resync, Snapshot } from './live-feed.ts'
import { parseJobId } from './node.ts'

const JobSnapshot = builder.objectRef<Snapshot>('JobSnapshot').implement({
  description:
    'The job as it is now, with its progress: sent first, and at most 4 times a second while it changes. Its `lastSeq` is never ahead of the events that were sent.',
  fields: (t) => ({ job: t.field({ type: Job, description: 'The job.', resolve: ({ job }) => job }) }),
})

const ResyncRequired = builder.objectRef<Resync>('ResyncRequired').implement({
  description:
    'Events behind `after` are no longer there, or `after` lies ahead of the log: load the job anew. A snapshot follows, and then what comes behind `lastSeq`.',
  fields: (t) => ({
    lastSeq: t.exposeFloat('lastSeq', { description: 'Number of the last event: the subscription goes on behind it.' }),
    firstSeq: t.exposeFloat('firstSeq', { description: 'Number of the oldest event that is still there.' }),
  }),
})

const JobEventPayload = builder.unionType('JobEventPayload', {
  description: 'One message of `jobEvents`.',
  types: [JobSnapshot, JobEvent, ResyncRequired, NotFoundType],
  resolveType: (item) => {
    if ('refusal' in item) return 'NotFound'
    if ('job' in item) return 'JobSnapshot'
    return 'firstSeq' in item ? 'ResyncRequired' : 'JobEvent'
  },
})

const JobsChange = builder.objectRef<JobsChangeItem>('JobsChange').implement({
  description: 'One message of the feed of jobs.',
  fields: (t) => ({
    job: t.field({
      type: Job,
      nullable: true,
      description: 'The job as it is now; null for one that was deleted.',
      resolve: ({ job }) => job,
    }),
    deletedId: t.id({
      nullable: true,
      description: 'The id of a job that was deleted; null otherwise.',
      resolve: ({ deletedId }) => (deletedId === null ? null : String(deletedId)),
    }),
    matches: t.exposeBoolean('matches', {
      description: 'Whether the job passes the filter now. False is sent once, when it leaves the list.',
    }),
    reload: t.exposeBoolean('reload', {
      description:
        'True where the server may have missed a change, as after a lost connection to its database: load the list anew. Then there is no job.',
    }),
  }),
})

builder.subscriptionFields((t) => ({
  jobEvents: t.field({
    type: JobEventPayload,
    description:
      'Follows one job. Without `after`: a snapshot, then the tail. With `after`: the events behind that number, a snapshot, then the tail. Events come in order, each at least once and none left out, over a lost connection too if you subscribe again with the last `seq` you saw; snapshots may be skipped. It stays open when the job ends, since it can be resumed, and ends when the job is deleted.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The id of the job.' }),
      after: t.arg.float({ description: 'The number of the last event that you have; 0 for the whole log.' }),
    },
    subscribe: (_root, { jobId, after }, { live, viewer }) => {
      if (after != null && !(Number.isSafeInteger(after) && after >= 0))
        throw badUserInput('after must be the number of an event: a whole number from 0.')
      // 0 is the id of no job
      return live.jobEvents(viewer, parseJobId(jobId) ?? 0, after ?? undefined) as AsyncIterable<JobEventItem>
    },
    resolve: (item) => item,
  }),
  jobs: t.field({
    type: JobsChange,
    description:
      'Tells of each of your jobs that is new, has changed or is gone, at most 4 times a second a job. It starts silent: load the list when it has begun.',
    args: {
      filter: t.arg({ type: JobFilter, description: 'Only those that pass, and once those that no longer do.' }),
    },
    subscribe: (_root, { filter }, { live, viewer }) =>
      live.jobs(viewer, jobFilterRow(filter)) as AsyncIterable<JobsChangeItem>,
    resolve: (item) => item,
  }),
}))
