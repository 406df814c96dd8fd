import { countJobAddresses, countJobAddressFacets, jobAddressOrders, listJobAddresses } from '../db/address-list.ts'
import { countEvents, eventOrder, listEvents } from '../db/event-list.ts'
import { countJobs, type JobFilter as JobFilterRow, jobOrders, jobsById, listJobs } from '../db/job-list.ts'
import { countPages, listPages, pageOrder } from '../db/page-list.ts'
import { listPageFolder, listPageHosts } from '../db/page-tree.ts'
import { countJobVerifications, jobVerificationOrders, listJobVerifications } from '../db/verification-list.ts'
import { allowedActions } from '../jobs/control/allowed-actions.ts'
import type { JobState as StoredState } from '../jobs/refusals.ts'
import { kindNamed } from '../jobs/registry.ts'
import { Artifact } from './artifact.ts'
import { builder } from './builder.ts'
import { connect, connectionType, pageArgs } from './connection.ts'
import type { Context } from './context.ts'
import { JobEmailConnection, JobEmailFacets, JobEmailFilter, jobEmailFilterRow, JobEmailOrder } from './job-email.ts'
import { JobAction, JobKind, JobState, shownState, storedStates } from './job-enums.ts'
import { JobEventConnection, JobEventFilter } from './job-event.ts'
import { activityOf, JobProgress, runs } from './job-progress.ts'
import { storedSchema, toApi } from './kind-schema.ts'
import type { JobSource } from './live-feed.ts'
import { Node, parseJobId } from './node.ts'
import { PageConnection, PageFilter, pageFilterRow, PageTreeLevel } from './page.ts'
import { JobVerificationConnection, JobVerificationOrder, VerificationFilter } from './verification.ts'

/** So many addresses are counted for facets: about a quarter of a second. */
const facetsOver = 100_000

const JobError = builder.objectRef<{ code: string; message: string }>('JobError').implement({
  description: 'Why a job could not go on.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'The reason, in a word for programs.' }),
    message: t.exposeString('message', { description: 'The reason, in words for people.' }),
  }),
})

export const Job = builder.objectRef<JobSource>('Job').implement({
  description: 'A piece of work that was started once and goes on by itself, over restarts and crashes, until it ends.',
  interfaces: [Node],
  fields: (t) => ({
    kind: t.expose('kind', { type: JobKind, description: 'What kind of work it does.' }),
    state: t.field({ type: JobState, description: 'How far it is.', resolve: ({ state }) => shownState(state) }),
    title: t.exposeString('title', { description: 'One line that tells it from others.' }),
    input: t.field({
      type: 'JSON',
      description:
        'What it was started with, defaults filled in: fit to be sent to the start mutation again. Without secrets, such as keys of services.',
      resolve: async ({ id, kind }, _args, { loaders }) =>
        toApi(storedSchema(kindNamed(kind)), (await loaders.jobInput(id)) ?? {}),
    }),
    progress: t.field({ type: JobProgress, description: 'How far it is, in numbers.', resolve: (job) => job }),
    waitingUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'Until when nothing of it runs, as with a site that asked for a pause. Null while something runs or could.',
      resolve: async (job, _args, context) => (await activityOf(job, context)).wait?.until,
    }),
    waitingFor: t.string({
      nullable: true,
      description: 'What it waits for until then.',
      resolve: async (job, _args, context) => (await activityOf(job, context)).wait?.for,
    }),
    lastSeq: t.exposeFloat('seq', {
      description: 'Number of the last event of its log, to follow on from by `jobEvents(after:)`.',
    }),
    allowedActions: t.field({
      type: [JobAction],
      description: 'What may be asked of it now.',
      resolve: ({ state, failed }) => allowedActions({ state: state as StoredState, failed }),
    }),
    owner: t.exposeString('owner', { description: 'Whose it is.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When something of it last changed.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a worker first began with it.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it has not, and again after a resume.',
    }),
    ranSeconds: t.float({
      nullable: true,
      description:
        'Seconds in which it has run: without the time in which it stood still, between a pause, an end or a failure and what let it go on. Null where that is not known, of a job that stood still before it was measured.',
      resolve: (job) => (job.ranMs === 0 && job.startedAt && !runs(job) ? null : job.ranMs / 1000),
    }),
    error: t.field({
      type: JobError,
      nullable: true,
      description: 'Why it could not go on; for jobs that are FAILED.',
      resolve: ({ errorCode: code, errorMessage: message }) =>
        code === null ? null : { code, message: message ?? code },
    }),
    summary: t.expose('summary', {
      type: 'JSON',
      nullable: true,
      description: 'What it came to, by its kind; null until it has ended.',
    }),
    events: t.field({
      type: JobEventConnection,
      description: 'Its log, oldest first.',
      args: { ...pageArgs(t.arg), filter: t.arg({ type: JobEventFilter, description: 'Only those that pass.' }) },
      resolve: ({ id }, { filter: given, ...args }, { engine: { db } }) => {
        const filter = {
          types: given?.type ?? undefined,
          categories: given?.category ?? undefined,
          text: given?.text ?? undefined,
        }
        return connect(
          args,
          { name: 'SEQ', ...eventOrder },
          (page) => listEvents(db, id, filter, page),
          () => countEvents(db, id, filter),
        )
      },
    }),
    emails: t.field({
      type: JobEmailConnection,
      description: 'The addresses that it found, each once. Empty for kinds that find none.',
      args: {
        ...pageArgs(t.arg),
        orderBy: t.arg({ type: JobEmailOrder, defaultValue: 'FOUND', description: 'In which order.' }),
        filter: t.arg({ type: JobEmailFilter, description: 'Only those that pass.' }),
      },
      resolve: ({ id }, { orderBy, filter: given, ...args }, { engine: { db } }) => {
        const order = orderBy ?? 'FOUND'
        const filter = jobEmailFilterRow(given)
        return connect(
          args,
          { name: order, ...jobAddressOrders[order] },
          (page) => listJobAddresses(db, id, filter, order, page),
          () => countJobAddresses(db, id, filter),
        )
      },
    }),
    emailFacets: t.field({
      type: JobEmailFacets,
      description: `Its addresses counted by quality, method and domain, at most ${facetsOver} of them.`,
      args: { filter: t.arg({ type: JobEmailFilter, description: 'Only those that pass.' }) },
      resolve: ({ id }, { filter }, { engine: { db } }) =>
        countJobAddressFacets(db, id, jobEmailFilterRow(filter), facetsOver),
    }),
    pageTree: t.field({
      type: PageTreeLevel,
      description:
        'One level of the tree of its pages: the hosts, or with `host` what lies in one of its folders. Large hosts take a moment.',
      args: {
        host: t.arg.string({ description: 'A host, as `PageBranch` names it.' }),
        path: t.arg.string({ defaultValue: '/', description: 'A folder of that host, with a slash at its end.' }),
        filter: t.arg({ type: PageFilter, description: 'Only pages that pass.' }),
      },
      resolve: ({ id }, { host, path, filter: given }, { engine: { db } }) => {
        const filter = pageFilterRow(given)
        return host == null
          ? listPageHosts(db, id, filter)
          : listPageFolder(db, id, filter, { host, path: path ?? '/' })
      },
    }),
    pages: t.field({
      type: PageConnection,
      description:
        'The pages that it knows of, in the order in which it learned of them. Empty for kinds that visit none.',
      args: { ...pageArgs(t.arg), filter: t.arg({ type: PageFilter, description: 'Only those that pass.' }) },
      resolve: ({ id }, { filter: given, ...args }, { engine: { db } }) => {
        const filter = pageFilterRow(given)
        return connect(
          args,
          { name: 'FOUND', ...pageOrder },
          (page) => listPages(db, id, filter, page),
          () => countPages(db, id, filter),
        )
      },
    }),
    artifacts: t.field({
      type: [Artifact],
      description: 'Files that it made: its result file, once there are results.',
      resolve: ({ id }, _args, { loaders }) => loaders.artifacts(id),
    }),
    verifications: t.field({
      type: JobVerificationConnection,
      description: 'The addresses of its list that have their verdict, each once. Empty for kinds that verify none.',
      args: {
        ...pageArgs(t.arg),
        orderBy: t.arg({ type: JobVerificationOrder, defaultValue: 'INPUT', description: 'In which order.' }),
        filter: t.arg({ type: VerificationFilter, description: 'Only those that pass.' }),
      },
      resolve: ({ id }, { orderBy, filter: given, ...args }, { engine: { db } }) => {
        const order = orderBy ?? 'INPUT'
        const filter = {
          statuses: given?.status ?? undefined,
          reasons: given?.reason ?? undefined,
          domain: given?.domain?.toLowerCase(),
          text: given?.text ?? undefined,
        }
        return connect(
          args,
          { name: order, ...jobVerificationOrders[order] },
          (page) => listJobVerifications(db, id, filter, order, page),
          () => countJobVerifications(db, id, filter),
        )
      },
    }),
  }),
})

const JobConnection = connectionType(Job, 'jobs')

export const JobFilter = builder.inputType('JobFilter', {
  description: 'Which jobs. Conditions hold together; an empty list lets nothing through.',
  fields: (t) => ({
    kind: t.field({ type: [JobKind], description: 'Any of these kinds.' }),
    state: t.field({ type: [JobState], description: 'In any of these states.' }),
    text: t.string({ description: "Part of the title in whatever case, or the job's id." }),
    owner: t.string({ description: 'Whose they are, exactly.' }),
    createdFrom: t.field({ type: 'DateTime', description: 'Asked for at this moment or later.' }),
    createdTo: t.field({ type: 'DateTime', description: 'Asked for before this moment.' }),
  }),
})

/** A filter as the database takes it. */
export function jobFilterRow(filter: typeof JobFilter.$inferInput | null | undefined): JobFilterRow {
  return {
    kinds: filter?.kind ?? undefined,
    states: filter?.state ? storedStates(filter.state) : undefined,
    text: filter?.text ?? undefined,
    owner: filter?.owner ?? undefined,
    createdFrom: filter?.createdFrom ?? undefined,
    createdTo: filter?.createdTo ?? undefined,
  }
}

const JobOrder = builder.enumType('JobOrder', {
  description: 'Orders of jobs.',
  values: {
    CREATED_DESC: { description: 'The youngest first.' },
    CREATED_ASC: { description: 'The oldest first.' },
  } as const,
})

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    description: 'Anything by its id; null where there is no such thing, or it is not yours.',
    args: {
      id: t.arg.id({ required: true, description: "A job's id, plain (`12`) or with its type (`Job:12`)." }),
    },
    resolve: (_root, { id }, context) => findJob(id, context),
  }),
  job: t.field({
    type: Job,
    nullable: true,
    description: 'A job by its id; null where there is no such job, or it is not yours.',
    args: {
      id: t.arg.id({ required: true, description: 'Its id: a number in decimal, as in the name of its result file.' }),
    },
    resolve: (_root, { id }, context) => findJob(id, context),
  }),
  jobs: t.field({
    type: JobConnection,
    description: 'Your jobs.',
    args: {
      filter: t.arg({ type: JobFilter, description: 'Only those that pass.' }),
      orderBy: t.arg({ type: JobOrder, defaultValue: 'CREATED_DESC', description: 'In which order.' }),
      ...pageArgs(t.arg),
    },
    resolve: (_root, { filter: given, orderBy, ...args }, { engine: { db }, viewer }) => {
      const order = orderBy ?? 'CREATED_DESC'
      const filter = jobFilterRow(given)
      return connect(
        args,
        { name: order, ...jobOrders[order] },
        (page) => listJobs(db, viewer.owner, filter, order, page),
        () => countJobs(db, viewer.owner, filter),
      )
    },
  }),
}))

/** The viewer's job of that id, or null. */
export async function findJob(id: string, { engine, viewer }: Context): Promise<JobSource | null> {
  const jobId = parseJobId(id)
  if (jobId === undefined) return null
  const job = (await jobsById(engine.db, [jobId])).get(jobId)
  return job?.owner === viewer.owner ? job : null
}
