import { cancelJob, cloneJob, deleteJob, pauseJob, resumeJob } from '../jobs/control.ts'
import { retryJob } from '../jobs/control/retry-job.ts'
import type { Engine } from '../jobs/engine.ts'
import { NotFound } from '../jobs/refusals.ts'
import { builder } from './builder.ts'
import {
  ForbiddenType,
  IdempotencyMismatchType,
  InvalidTransitionType,
  NotConfiguredType,
  NotFoundType,
  orRefused,
  QuotaExceededType,
  RateLimitedType,
  resultType,
  ValidationErrorType,
} from './errors.ts'
import { idempotencyKeyArg, usableKey } from './idempotency-key.ts'
import { findJob, Job } from './job.ts'
import type { JobSource } from './live-feed.ts'
import { parseJobId } from './node.ts'
import { startedJob } from './start-job.ts'

const JobSuccess = builder.objectRef<{ job: JobSource }>('JobSuccess').implement({
  description: 'It was done, or held already.',
  fields: (t) => ({
    job: t.field({
      type: Job,
      description: 'The job as it is now; the new one, for `cloneJob`.',
      resolve: ({ job }) => job,
    }),
  }),
})

const JobResult = builder.unionType('JobResult', {
  description:
    'What comes of asking something of a job. `cloneJob` starts one, and may be refused as a start may be; the others never are.',
  types: [
    JobSuccess,
    NotFoundType,
    InvalidTransitionType,
    ForbiddenType,
    ValidationErrorType,
    NotConfiguredType,
    RateLimitedType,
    QuotaExceededType,
    IdempotencyMismatchType,
  ],
  resolveType: resultType('JobSuccess'),
})

const DeleteJobSuccess = builder.objectRef<{ id: number }>('DeleteJobSuccess').implement({
  description: 'The job is gone, and what it had found.',
  fields: (t) => ({ id: t.id({ description: 'The id that it had.', resolve: ({ id }) => String(id) }) }),
})

const DeleteJobResult = builder.unionType('DeleteJobResult', {
  description: 'What comes of deleting a job.',
  types: [DeleteJobSuccess, NotFoundType, InvalidTransitionType, ForbiddenType],
  resolveType: resultType('DeleteJobSuccess'),
})

const actions: Record<
  string,
  { act: (engine: Engine, jobId: number, owner: string) => Promise<unknown>; description: string }
> = {
  pauseJob: {
    act: pauseJob,
    description:
      'Stops a job after what its workers have in hand. It can be resumed, days later too. Asking again is a success without effect.',
  },
  cancelJob: {
    act: cancelJob,
    description:
      'Ends a job after what its workers have in hand. What it has found remains, and it can still be resumed. Asking again is a success without effect.',
  },
  resumeJob: {
    act: resumeJob,
    description:
      'Lets a job go on from its last stored step, after a pause, a cancel or a failure. Asking again is a success without effect.',
  },
  retryJob: {
    act: retryJob,
    description:
      'Gives the failed items of a job another try, and lets it go on with whatever else is open. For a job that has ended or is paused. Where nothing has failed it is refused; so asking again at once is too.',
  },
}

for (const [name, { act, description }] of Object.entries(actions)) {
  builder.mutationField(name, (t) =>
    t.field({
      type: JobResult,
      description,
      args: { id: t.arg.id({ required: true, description: 'The id of the job.' }) },
      resolve: (_root, { id }, context) =>
        orRefused(async () => {
          await act(context.engine, requireJobId(id), context.viewer.owner)
          const job = await findJob(id, context)
          if (!job) throw noSuchJob(id)
          return { job }
        }),
    }),
  )
}

builder.mutationField('cloneJob', (t) =>
  t.field({
    type: JobResult,
    description:
      'Starts a new job of the same kind with the same input, which is checked anew, and with its secrets, which are copied on the server. The job that is cloned stays as it is.',
    args: {
      id: t.arg.id({ required: true, description: 'The id of the job to clone.' }),
      idempotencyKey: idempotencyKeyArg(t.arg),
    },
    resolve: (_root, { id, idempotencyKey }, { engine, viewer }) =>
      orRefused(() =>
        startedJob(engine, () => cloneJob(engine, requireJobId(id), viewer.owner, usableKey(idempotencyKey))),
      ),
  }),
)

builder.mutationField('deleteJob', (t) =>
  t.field({
    type: DeleteJobResult,
    description:
      'Removes a job that does not run, with its log, its results and its files. It is gone at once; workers clear away what it has stored.',
    args: { id: t.arg.id({ required: true, description: 'The id of the job.' }) },
    resolve: (_root, { id }, { engine, viewer }) =>
      orRefused(async () => {
        const jobId = requireJobId(id)
        await deleteJob(engine, jobId, viewer.owner)
        return { id: jobId }
      }),
  }),
)

function requireJobId(id: string): number {
  const jobId = parseJobId(id)
  if (jobId === undefined) throw noSuchJob(id)
  return jobId
}

function noSuchJob(id: string): NotFound {
  return new NotFound(`There is no job ${id}.`)
}
