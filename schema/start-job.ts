import { jobsById } from '../db/job-list.ts'
import { type StartedJob, startJob } from '../jobs/control.ts'
import type { Engine } from '../jobs/engine.ts'
import { kinds } from '../jobs/registry.ts'
import { builder } from './builder.ts'
import { addCheck } from './check-input.ts'
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
import { idempotencyKeyArg, usableKey } from './idempotency-key.ts'
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

/** A mutation a kind, and a check of its input, from the registry. */
for (const kind of kinds) {
  const inputType = kindInput(kind)
  addCheck(kind, inputType)
  builder.mutationField(`start${typeName(kind.kind)}`, (t) =>
    t.field({
      type: StartJobResult,
      description: `Starts a job: ${kind.title}. ${kind.description}`,
      args: {
        input: t.arg({ type: inputType, required: true, description: 'What the job is to do.' }),
        idempotencyKey: idempotencyKeyArg(t.arg),
      },
      resolve: (_root, { input, idempotencyKey }, { engine, viewer }) =>
        orRefused(() =>
          startedJob(engine, () =>
            startJob(engine, {
              kind: kind.kind,
              input: withoutNulls(input),
              owner: viewer.owner,
              idempotencyKey: usableKey(idempotencyKey),
            }),
          ),
        ),
    }),
  )
}

/** Starts a job by `start` and reads it. One that is deleted while its key is replayed has freed the key: then it is started anew. */
export async function startedJob(
  { db }: Engine,
  start: () => Promise<StartedJob>,
): Promise<{ job: JobSource; replayed: boolean }> {
  for (;;) {
    const { jobId, replayed } = await start()
    const job = (await jobsById(db, [jobId])).get(jobId)
    if (job) return { job, replayed }
    if (!replayed) throw new Error(`job ${jobId} was deleted while it was started`)
  }
}
