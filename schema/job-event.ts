import type { EventRow } from '../db/event-list.ts'
import type { ErrorCategory as Category } from '../jobs/error-category.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection.ts'
import { ErrorCategory } from './job-enums.ts'

export const JobEvent = builder.objectRef<EventRow>('JobEvent').implement({
  description:
    "An entry of a job's log. Slim: ids, URLs, status, error and counts, never what was found. Entries never change, and their numbers have no gap; of a log of more than 100,000 only the newest are kept, and all changes of the job's state.",
  fields: (t) => ({
    seq: t.exposeFloat('seq', {
      description: 'Its number in the log of the job: 1, 2, 3 … in the order in which it was stored.',
    }),
    type: t.exposeString('type', {
      description:
        'What it is: `job.created`, `job.started`, `job.pausing`, `job.paused`, `job.resumed`, `job.cancelling`, `job.cancelled`, `job.finishing`, `job.completed`, `job.failed`, `finding` (trouble with one item), `note`, `shard.retry` (a part of the job is tried again).',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened, by the clock of the database.' }),
    message: t.string({
      description: 'What happened, in words for people.',
      resolve: ({ data, type }) => data.message ?? type,
    }),
    shard: t.exposeString('shardKey', {
      nullable: true,
      description: 'The part of the job in which it happened, such as a host.',
    }),
    workerId: t.exposeString('workerId', { nullable: true, description: 'The worker that stored it.' }),
    item: t.string({
      nullable: true,
      description: 'The item that it happened to, where that is no URL: an address, a line, an offset in a file.',
      resolve: ({ data }) => data.item,
    }),
    url: t.string({ nullable: true, description: 'The URL that it happened to.', resolve: ({ data }) => data.url }),
    category: t.field({
      type: ErrorCategory,
      nullable: true,
      description: 'What sort of trouble it was; findings alone have one.',
      resolve: ({ data }) => data.category as Category | undefined,
    }),
    httpStatus: t.int({
      nullable: true,
      description: 'The HTTP status that the server answered with.',
      resolve: ({ data }) => data.httpStatus,
    }),
    counts: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Numbers by name. The event at the end of a job says how many results there are.',
      resolve: ({ data }) => data.counts,
    }),
  }),
})

export const JobEventConnection = connectionType(JobEvent, 'events')

export const JobEventFilter = builder.inputType('JobEventFilter', {
  description: 'Which events of a job. Conditions hold together; an empty list lets nothing through.',
  fields: (t) => ({
    type: t.stringList({
      description: 'Any of these types. With a dot at its end it stands for all that begin so: `job.`.',
    }),
    category: t.field({ type: [ErrorCategory], description: 'Findings of any of these categories.' }),
    text: t.string({ description: 'Part of the message, the URL or the item, in whatever case.' }),
  }),
})
