import type { JobActivity, JobWorkerRow } from '../db/job-activity.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import type { JobSource } from './live-feed.ts'

const JobWorker = builder.objectRef<JobWorkerRow>('JobWorker').implement({
  description: 'What one worker does and did for a job.',
  fields: (t) => ({
    id: t.id({ description: 'The id of the worker, as in `workers`.', resolve: ({ workerId }) => workerId }),
    slots: t.exposeInt('slots', { description: 'How many parts of the job it runs at this moment.' }),
    done: t.exposeFloat('done', { description: 'How many items of the job it has brought to an end.' }),
  }),
})

export const JobProgress = builder.objectRef<JobSource>('JobProgress').implement({
  description:
    'How far a job is, counted in its items (pages of a crawl, addresses of a list). In the end every item has exactly one fate: `succeeded + failed + skipped = done`.',
  fields: (t) => ({
    phase: t.exposeString('phase', {
      description: 'What the job is busy with, in a word: `queued`, `running`, `finishing`, or a word of its kind.',
    }),
    done: t.exposeFloat('done', { description: 'Items that have met their fate.' }),
    total: t.exposeFloat('total', { nullable: true, description: 'All items; null as long as more can turn up.' }),
    percent: t.float({
      nullable: true,
      description: '`done` of `total`, 0 to 100 with one decimal; null while the total is unknown.',
      resolve: ({ done, total }) =>
        total === null ? null : total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 1000) / 10),
    }),
    succeeded: t.exposeFloat('succeeded', { description: 'Items that went well.' }),
    failed: t.exposeFloat('failed', { description: 'Items that went wrong; each has an event with the reason.' }),
    skipped: t.exposeFloat('skipped', {
      description: 'Items left out for a reason, such as the rules of a site for robots.',
    }),
    results: t.exposeFloat('results', { description: 'What the job has yielded so far, such as different addresses.' }),
    bytesDone: t.float({
      nullable: true,
      description: 'Bytes read so far; null for jobs that do not count them.',
      resolve: ({ bytesDone }) => (bytesDone > 0 ? bytesDone : null),
    }),
    ratePerSecond: t.float({
      nullable: true,
      description:
        'Items a second over the last 10 seconds; where nobody watches the job, the mean of the time in which it has run. Null for a job that does not run.',
      resolve: (job, _args, { live }) => ratePerSecond(job, live),
    }),
    etaSeconds: t.float({
      nullable: true,
      description:
        'Seconds to the end at the present rate; null while rate or total are unknown, and while nothing is done because all of it waits.',
      resolve: async (job, _args, context) => {
        const rate = ratePerSecond(job, context.live)
        if (!rate || job.total === null || (await activityOf(job, context)).wait) return null
        return Math.round(Math.max(0, job.total - job.done) / rate)
      },
    }),
    workers: t.field({
      type: [JobWorker],
      description: 'Who works on it, or has done so.',
      resolve: async (job, _args, context) => (await activityOf(job, context)).workers,
    }),
  }),
})

/** Workers and wait of a job; of a job in the live feed they are read once for all who watch it. */
export function activityOf(job: JobSource, context: Context): Promise<JobActivity> {
  return job.activity ? job.activity() : context.loaders.jobActivity(job.id)
}

export function runs({ state }: { state: string }): boolean {
  return ['RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING'].includes(state)
}

function ratePerSecond(job: JobSource, live: Context['live']): number | null {
  if (!runs(job)) return null
  const sampled = job.ratePerSecond ?? live.ratePerSecond(job.id)
  const seconds = job.ranMs / 1000
  const rate = sampled ?? (seconds > 1 ? job.done / seconds : null)
  return rate === null ? null : Math.round(rate * 100) / 100
}
