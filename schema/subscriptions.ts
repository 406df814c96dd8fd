import { type ResultKey, resultKeyColumns } from '../db/result-list.ts'
import { badUserInput } from './bad-user-input.ts'
import { builder } from './builder.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { NotFoundType } from './errors.ts'
import { JobEmail } from './job-email.ts'
import { JobEvent } from './job-event.ts'
import { Job, JobFilter, jobFilterRow } from './job.ts'
import type {
  Forgettings,
  JobEventItem,
  JobResultsItem,
  JobsChangeItem,
  ResultBatch,
  Resync,
  Snapshot,
} from './live-feed.ts'
import { parseJobId } from './node.ts'
import { JobVerification } from './verification.ts'

const JobSnapshot = builder.objectRef<Snapshot>('JobSnapshot').implement({
  description:
    'The job as it is now, with its progress: sent first, and at most 4 times a second while it changes. Its `lastSeq` is never ahead of the events that were sent.',
  fields: (t) => ({ job: t.field({ type: Job, description: 'The job.', resolve: ({ job }) => job }) }),
})

const ResyncRequired = builder.objectRef<Resync>('ResyncRequired').implement({
  description:
    'What lies behind `after` is no longer there, or `after` lies ahead of all there is: load the job anew. In `jobEvents` a snapshot follows, and then what comes behind `lastSeq`; in `jobResults` all results follow, from the first. With `mostBehind` it stands for more events than that as well: where `firstSeq` is the number behind the last that you had, they are all in `job.events`.',
  fields: (t) => ({
    lastSeq: t.exposeFloat('lastSeq', { description: 'Number of the last event: the subscription goes on behind it.' }),
    firstSeq: t.exposeFloat('firstSeq', {
      description: 'Number of the oldest event behind what you had that is still there.',
    }),
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

const JobResultItem = builder.unionType('JobResultItem', {
  description: 'What a job yields: each kind of job has its own type of results, and more can be added.',
  types: [JobEmail, JobVerification],
  resolveType: (row) => ('fromStore' in row ? 'JobVerification' : 'JobEmail'),
})

/** Cursors of results are those of `job.emails` as they were stored. */
const resultOrder = 'FOUND'

const JobResultBatch = builder.objectRef<ResultBatch>('JobResultBatch').implement({
  description: 'Results of a job, in the order in which they were stored.',
  fields: (t) => ({
    results: t.field({
      type: [JobResultItem],
      description: 'The results, each as it is now: a better sighting of an address found before is no new result.',
      resolve: ({ results }) => results,
    }),
    cursor: t.string({
      description: 'Pass it as `after` to go on behind these results. It is one of `job.emails` by FOUND, too. Opaque.',
      resolve: ({ cursor }) => encodeCursor(resultOrder, cursor),
    }),
    ended: t.exposeBoolean('ended', {
      description:
        'True once, in a batch without results, when the job has ended and all its results have been told. A job that is resumed goes on.',
    }),
  }),
})

const JobResultsPayload = builder.unionType('JobResultsPayload', {
  description: 'One message of `jobResults`.',
  types: [JobResultBatch, ResyncRequired, NotFoundType],
  resolveType: (item) => {
    if ('refusal' in item) return 'NotFound'
    return 'results' in item ? 'JobResultBatch' : 'ResyncRequired'
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
        'True where the server may have missed a change, as after a lost connection to its database, or somebody was forgotten: load the list anew. Then there is no job.',
    }),
  }),
})

// No `resolve` of these looks at its arguments: what it yields is shared by subscribers whose arguments differ.
builder.subscriptionFields((t) => ({
  jobEvents: t.field({
    type: JobEventPayload,
    description:
      'Follows one job. Without `after`: a snapshot, then the tail. With `after`: the events behind that number, a snapshot, then the tail. Events come in order, each at least once and none left out unless you say so, over a lost connection too if you subscribe again with the last `seq` you saw; snapshots may be skipped. It stays open when the job ends, since it can be resumed, and ends when the job is deleted.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The id of the job.' }),
      after: t.arg.float({ description: 'The number of the last event that you have; 0 for the whole log.' }),
      mostBehind: t.arg.int({
        description:
          'How many events may come between two snapshots: where there are more, `ResyncRequired` and a snapshot come in the place of those that have not been sent. So a snapshot never waits behind a burst of events. Without it all of them are sent.',
      }),
    },
    subscribe: (_root, { jobId, after, mostBehind }, { live, viewer }) => {
      if (after != null && !(Number.isSafeInteger(after) && after >= 0))
        throw badUserInput('after must be the number of an event: a whole number from 0.')
      if (mostBehind != null && mostBehind < 0) throw badUserInput('mostBehind must be a whole number from 0.')
      // 0 is the id of no job
      const wanted = { after: after ?? undefined, mostBehind: mostBehind ?? undefined }
      return live.jobEvents(viewer, parseJobId(jobId) ?? 0, wanted) as AsyncIterable<JobEventItem>
    },
    resolve: (item) => item,
  }),
  jobResults: t.field({
    type: JobResultsPayload,
    description:
      'Follows what a job yields, in batches. Without `after`: all results so far, then those that come. With `after`: those behind it, then those that come. They come in the order in which they were stored, each at least once and none left out, over a lost connection too if you subscribe again with the last `cursor` you saw. It stays open when the job ends, since it can be resumed, and ends when the job is deleted.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The id of the job.' }),
      after: t.arg.string({
        description: 'The last `cursor` that you have, or one of `job.emails` in the order FOUND.',
      }),
    },
    subscribe: (_root, { jobId, after }, { live, viewer }) => {
      const key = after == null ? undefined : decodeCursor(after, resultOrder, resultKeyColumns)
      const results = live.jobResults(viewer, parseJobId(jobId) ?? 0, key as ResultKey | undefined)
      return results as AsyncIterable<JobResultsItem>
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
  forgotten: t.float({
    description:
      'How often somebody has been forgotten (`forgetAddress`): the number as it is, and each new one. What you loaded before the number was reached may name them still: load it anew where it differs from the last that you know, as when you come back after a time away.',
    subscribe: (_root, _args, { live }) => live.forgotten() as AsyncIterable<Forgettings>,
    resolve: ({ forgotten }) => forgotten,
  }),
}))
