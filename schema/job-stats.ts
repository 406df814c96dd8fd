import { type JobSums, sumJobs } from '../db/job-list.ts'
import { builder } from './builder.ts'
import { JobKind, JobState, shownState } from './job-enums.ts'
import { JobFilter, jobFilterRow } from './job.ts'

type Sums = Omit<JobSums, 'kind' | 'state'>

const sums = builder.interfaceRef<Sums>('JobSums').implement({
  description: 'Jobs, and what has come of their items.',
  fields: (t) => ({
    jobs: t.exposeFloat('jobs', { description: 'How many jobs.' }),
    done: t.exposeFloat('done', { description: 'Items that have had their turn: succeeded, failed and skipped ones.' }),
    succeeded: t.exposeFloat('succeeded', { description: 'Items that went well.' }),
    failed: t.exposeFloat('failed', { description: 'Items that failed.' }),
    skipped: t.exposeFloat('skipped', { description: 'Items that were left out for a reason.' }),
    results: t.exposeFloat('results', { description: 'Results, such as the addresses that each job found.' }),
  }),
})

const JobTotals = builder.objectRef<Sums>('JobTotals').implement({
  description: 'Sums over all jobs.',
  interfaces: [sums],
})

const JobGroup = builder.objectRef<JobSums>('JobGroup').implement({
  description: 'Jobs of one kind in one state.',
  interfaces: [sums],
  fields: (t) => ({
    kind: t.expose('kind', { type: JobKind, description: 'Their kind.' }),
    state: t.field({ type: JobState, description: 'Their state.', resolve: ({ state }) => shownState(state) }),
  }),
})

const JobStats = builder.objectRef<JobSums[]>('JobStats').implement({
  description: 'How many jobs there are and what they have done.',
  fields: (t) => ({
    totals: t.field({
      type: JobTotals,
      description: 'Over all of them.',
      resolve: (groups) => groups.reduce(add, none),
    }),
    groups: t.field({
      type: [JobGroup],
      description: 'By kind and state; combinations that no job has are left out.',
      resolve: (groups) => groups,
    }),
  }),
})

builder.queryField('jobStats', (t) =>
  t.field({
    type: JobStats,
    description: 'Sums over your jobs.',
    args: { filter: t.arg({ type: JobFilter, description: 'Only those that pass.' }) },
    resolve: async (_root, { filter }, { engine: { db }, viewer }) =>
      shown(await sumJobs(db, viewer.owner, jobFilterRow(filter))),
  }),
)

/** Stored states that show as one are one group. */
function shown(groups: JobSums[]): JobSums[] {
  const byName = Map.groupBy(groups, ({ kind, state }) => `${kind} ${shownState(state)}`)
  return [...byName.values()].map((same) => ({ ...same[0]!, ...same.reduce(add, none) }))
}

const none: Sums = { jobs: 0, done: 0, succeeded: 0, failed: 0, skipped: 0, results: 0 }

function add(a: Sums, b: Sums): Sums {
  return {
    jobs: a.jobs + b.jobs,
    done: a.done + b.done,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    results: a.results + b.results,
  }
}
