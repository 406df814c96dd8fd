import { jobsById } from '../db/job-list.ts'
import { startJob } from '../jobs/control.ts'
import { ValidationError } from '../jobs/refusals.ts'
import { kinds } from '../jobs/registry.ts'
import { builder } from './builder.ts'
import {
  ForbiddenType,
  IdempotencyMismatchType,
  NotConfiguredType,
  orRefused,
  QuotaExceededType,
  RateLimitedType,
  resultType,
  ValidationErrorType,
} from './errors.ts'
import { Job } from './job.ts'
import { kindInput, typeName, withoutNulls } from './kind-input.ts'
import type { JobSource } from './live-feed.ts'

const StartJobSuccess = builder.objectRef<{ job: JobSource; replayed: boolean }>('StartJobSuccess').implement({
  description: 'The job is queued, or was before.',
  fields: (t) => ({
    job: t.field({ type: Job, description: 'The job.', resolve: ({ job }) => job }),
    replayed: t.exposeBoolean('replayed', {
      description: 'True where the same idempotency key had started this job before, so that nothing new was started.',
    }),
  }),
})

const StartJobResult = builder.unionType('StartJobResult', {
  description: 'What comes of starting a job.',
  types: [
    StartJobSuccess,
    ValidationErrorType,
    NotConfiguredType,
    RateLimitedType,
    QuotaExceededType,
    IdempotencyMismatchType,
    ForbiddenType,
  ],
  resolveType: resultType('StartJobSuccess'),
})

/** A mutation a kind, from the registry. */
for (const kind of kinds) {
  builder.mutationField(`start${typeName(kind.kind)}`, (t) =>
    t.field({
      type: StartJobResult,
      description: `Starts a job: ${kind.title}. ${kind.description}`,
      args: {
        input: t.arg({ type: kindInput(kind), required: true, description: 'What the job is to do.' }),
        idempotencyKey: t.arg.string({
          description:
            'A word of your own, such as a UUID. Sent again with the same input it returns the first job instead of starting a second; with another input it is refused.',
        }),
      },
      resolve: (_root, { input, idempotencyKey }, { engine, viewer }) =>
        orRefused(async () => {
          if (idempotencyKey != null) checkKey(idempotencyKey)
          const started = await startJob(engine, {
            kind: kind.kind,
            input: withoutNulls(input),
            owner: viewer.owner,
            ...(idempotencyKey != null && { idempotencyKey }),
          })
          const job = (await jobsById(engine.db, [started.jobId])).get(started.jobId)
          if (!job) throw new Error(`job ${started.jobId} was deleted while it was started`)
          return { job, replayed: started.replayed }
        }),
    }),
  )
}

/** A key is kept in an index, which takes no text of any length. */
function checkKey(key: string): void {
  if (/^[^\p{Cc}\p{Cs}]{1,200}$/u.test(key)) return
  const message = 'An idempotency key has 1 to 200 characters, none of them a control character.'
  throw new ValidationError([{ path: ['idempotencyKey'], message, code: 'invalid_key' }])
}
