import { isDeepStrictEqual } from 'node:util'

import type { Kysely, Transaction } from 'kysely'
import type { z } from 'zod'

import { foundAddresses } from '../db/found-addresses.ts'
import { markDeleted, moveJobs, moveResumed, openShards, settleStopped } from '../db/job-moves.ts'
import { appendEvents, findJob, findReplay, type FoundJob, insertJob, moveFailed } from '../db/jobs.ts'
import { wantResultFiles } from '../db/result-files.ts'
import { putSecret } from '../db/secrets.ts'
import type { DB } from '../db/types.ts'
import { allowedActions, statesAllowing } from './control/allowed-actions.ts'
import { lacksKey, secretsOfJob, takeSecrets } from './control/job-secrets.ts'
import { bindUploads, titleOf, uploadsOf } from './control/job-uploads.ts'
import { withinLimits } from './control/start-limits.ts'
import type { Engine } from './engine.ts'
import { inputWords } from './input-words.ts'
import type { AnyJobKind, HasFound } from './job-kind.ts'
import { notifyStop } from './notices.ts'
import { sendFinish, sendShards } from './queue.ts'
import { refillJob } from './refill.ts'
import {
  IdempotencyMismatch,
  type InputIssue,
  InvalidTransition,
  type JobAction,
  type JobState,
  NotFound,
  ValidationError,
} from './refusals.ts'
import { kindNamed } from './registry.ts'

export interface StartedJob {
  jobId: number
  /** True when the idempotency key had started this job before. */
  replayed: boolean
}

export interface NewJob {
  kind: string
  input: unknown
  owner: string
  idempotencyKey?: string | null | undefined
  /** Told in the job's first event, such as where its secrets are from. */
  note?: string
}

/**
 * Checks the input and starts a job of a kind; its secrets are stored apart from it. Refuses with ValidationError, NotConfigured,
 * RateLimited or IdempotencyMismatch; then nothing has been started.
 */
export async function startJob(engine: Engine, job: NewJob): Promise<StartedJob> {
  const { kind: name, input: given, owner, idempotencyKey, note } = job
  const kind = kindNamed(name)
  const { input, secrets } = takeSecrets(kind, await readInput(engine, kind, given, owner))
  const { secretKey } = engine
  if (!secretKey && Object.keys(secrets).length > 0) throw lacksKey(Object.keys(secrets))

  const key = idempotencyKey ?? null
  const title = await titleOf(engine, kind, { owner, input })
  const jobId = await engine.db.transaction().execute(async (trx) => {
    const id = await withinLimits(trx, kind, engine.settings, () =>
      insertJob(trx, { kind: name, title, owner, input, idempotencyKey: key }),
    )
    if (id === null) return null
    await bindUploads(trx, kind, { jobId: id, owner, input })
    for (const [name, value] of Object.entries(secrets)) await putSecret(trx, secretKey!, { jobId: id, name, value })
    await sendShards(engine.boss, trx, [{ jobId: id, shardKey: 'main', activation: 1 }])
    const message = ['Job created', title, ...(note ? [note] : [])].join(': ')
    await appendEvents(trx, id, [{ type: 'job.created', data: { message } }])
    return id
  })
  if (jobId !== null) {
    engine.notices.changed(jobId, 1)
    engine.notices.wake()
    await engine.notices.flush()
    return { jobId, replayed: false }
  }
  const first = await findReplay(engine.db, owner, key!, { kind: name, input })
  // Deleted between the two statements: the key is free again.
  if (!first) return startJob(engine, job)
  if (!first.same || !isDeepStrictEqual(await secretsOfJob(engine, first.id), secrets))
    throw new IdempotencyMismatch(`The idempotency key was used for job ${first.id} with another input.`)
  return { jobId: first.id, replayed: true }
}

/** A kind's input, defaults filled in. Refuses with ValidationError what the kind does not take, all problems at once. */
export async function readInput(
  engine: Engine,
  kind: AnyJobKind,
  given: unknown,
  owner: string,
): Promise<Record<string, unknown>> {
  const { settings } = engine
  const { input, issues } = readFields(kind, given)
  if (input === undefined) throw new ValidationError(issues)
  const hasFound: HasFound = async (which) =>
    (await foundAddresses(engine.db, owner, which, { after: '', limit: 1 })).length > 0
  const wrong = [
    ...issues,
    ...(kind.check?.(input, settings) ?? []),
    ...((await kind.inspect?.(input, settings, uploadsOf(engine, owner), hasFound)) ?? []),
  ]
  if (wrong.length > 0) throw new ValidationError(wrong)
  return input
}

/** What can be read of an input: a field that is not as it must be is an issue and left out, so that it hides no problem of the others. */
function readFields(
  kind: AnyJobKind,
  given: unknown,
): { input: Record<string, unknown> | undefined; issues: InputIssue[] } {
  const parsed = kind.input.safeParse(given, { error: inputWords })
  if (parsed.success) return { input: parsed.data, issues: [] }
  const issues = parsed.error.issues.map(inputIssue)
  const wrong = new Set(issues.map(({ path }) => path[0]))
  const rest = Object.fromEntries(Object.entries(given ?? {}).filter(([name]) => !wrong.has(name)))
  return { input: kind.input.safeParse(rest).data, issues }
}

/**
 * Starts a new job of the same kind with the same input and a copy of its secrets, checked anew: the configuration may refuse it now.
 */
export async function cloneJob(
  engine: Engine,
  jobId: number,
  owner: string,
  idempotencyKey?: string | null,
): Promise<StartedJob> {
  const { kind, input } = await findOwnJob(engine, jobId, owner)
  const secrets = await secretsOfJob(engine, jobId)
  const names = Object.keys(secrets)
  return startJob(engine, {
    kind,
    input: { ...(input as Record<string, unknown>), ...secrets },
    owner,
    idempotencyKey,
    ...(names.length > 0 && { note: `with the ${names.join(', ')} of job ${jobId}` }),
  })
}

/** Asks running handlers to stop after what they have in hand. Repeating it is a success without effect. */
export async function pauseJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  const pause = async () => (await stopJobs(engine, [jobId], 'PAUSE')) > 0
  await doOrRefuse(engine, jobId, owner, 'PAUSE', pause, ['PAUSING', 'PAUSED'])
}

/** As pause, but the job counts as ended; it can still be resumed. */
export async function cancelJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  const cancel = async () => (await stopJobs(engine, [jobId], 'CANCEL')) > 0
  await doOrRefuse(engine, jobId, owner, 'CANCEL', cancel, ['CANCELLING', 'CANCELLED'])
}

/** Goes on from the last committed step after a pause, a cancel or a failure. */
export async function resumeJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  const resume = () => resumeJobs(engine, [jobId])
  await doOrRefuse(engine, jobId, owner, 'RESUME', resume, ['PENDING', 'RUNNING', 'FINISHING'])
}

/** Removes a job that does not run: at once for everybody, its rows in portions by `removeDeleted`. */
export async function deleteJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  await doOrRefuse(engine, jobId, owner, 'DELETE', async () => (await deleteJobs(engine, [jobId])) > 0)
}

const stops = {
  PAUSE: { to: 'PAUSING', message: 'Pause asked for' },
  CANCEL: { to: 'CANCELLING', message: 'Cancel asked for' },
} as const

/** Pauses or cancels those of the jobs that may be, and returns how many. Whose they are has been checked. */
export async function stopJobs(engine: Engine, jobIds: readonly number[], action: keyof typeof stops): Promise<number> {
  const { to, message } = stops[action]
  const moved = await engine.db
    .transaction()
    .execute((trx) => moveJobs(trx, jobIds, statesAllowing(action), to, message))
  if (moved.length === 0) return 0
  const ids = moved.map((job) => job.id)
  await notifyStop(engine.db, ids)
  await settleJobs(engine, ids)
  for (const { id, seq } of moved) engine.notices.changed(id, seq)
  await engine.notices.flush()
  return moved.length
}

/** Resumes the jobs, or none of them where one may not be (any more): then false. Whose they are has been checked. */
export async function resumeJobs(engine: Engine, jobIds: readonly number[]): Promise<boolean> {
  const resumed = await orUndone(engine.db, async (trx) => {
    const open = await openShards(trx, jobIds)
    // A job that failed in its very end has no open shard: only its end is left to do.
    await sendFinish(
      engine.boss,
      trx,
      jobIds.filter((id) => !open.some((job) => job.id === id)),
    )
    await sendShards(
      engine.boss,
      trx,
      open.flatMap(({ id: jobId, queued }) => queued.map((shard) => ({ jobId, ...shard }))),
    )
    const moved = await moveResumed(trx, jobIds, open, statesAllowing('RESUME'))
    if (moved.length < jobIds.length) throw new Undone()
    return { open, moved }
  })
  if (!resumed) return false
  for (const job of resumed.open) if (job.unsent > 0) await refillJob(engine, job.id)
  engine.notices.wake()
  for (const { id, seq } of resumed.moved) engine.notices.changed(id, seq)
  await engine.notices.flush()
  return true
}

/** Deletes those of the jobs that may be, and returns how many. Whose they are has been checked. */
export async function deleteJobs(engine: Engine, jobIds: readonly number[]): Promise<number> {
  const deleted = await markDeleted(engine.db, jobIds, statesAllowing('DELETE'))
  for (const id of deleted) engine.notices.changed(id, 0)
  await engine.notices.flush()
  return deleted.length
}

/** Ends the job because it cannot go on; called by workers. Running handlers elsewhere are told to stop. */
export async function failJob(engine: Engine, jobId: number, error: { code: string; message: string }): Promise<void> {
  const seq = await engine.db.transaction().execute(async (trx) => {
    const moved = await moveFailed(trx, jobId, error)
    if (!moved) return null
    await wantResultFiles(trx, [jobId])
    return appendEvents(trx, jobId, [{ type: 'job.failed', data: { message: error.message } }])
  })
  if (seq === null) return
  engine.log.warn({ job: jobId, code: error.code, reason: error.message }, 'job failed')
  await notifyStop(engine.db, [jobId])
  engine.notices.changed(jobId, seq)
}

/** Turns PAUSING into PAUSED and CANCELLING into CANCELLED once no shard runs any more; else does nothing. */
export async function settleJob(engine: Engine, jobId: number): Promise<void> {
  await settleJobs(engine, [jobId])
}

async function settleJobs(engine: Engine, jobIds: readonly number[]): Promise<void> {
  const settled = await engine.db.transaction().execute(async (trx) => {
    const stopped = await settleStopped(trx, jobIds)
    await wantResultFiles(
      trx,
      stopped.map(({ id }) => id),
    )
    return stopped
  })
  for (const { id, seq } of settled) engine.notices.changed(id, seq)
}

/** Throw it in `orUndone` where something has changed since it was looked at. */
export class Undone extends Error {}

/** A transaction that is rolled back by Undone; then null. */
export async function orUndone<T>(db: Kysely<DB>, work: (trx: Transaction<DB>) => Promise<T>): Promise<T | null> {
  try {
    return await db.transaction().execute(work)
  } catch (error) {
    if (error instanceof Undone) return null
    throw error
  }
}

/** Does it, unless the job is as was asked for already (`holds`) or may not be asked: then it throws InvalidTransition. */
async function doOrRefuse(
  engine: Engine,
  jobId: number,
  owner: string,
  action: JobAction,
  act: () => Promise<boolean>,
  holds: JobState[] = [],
): Promise<void> {
  await findOwnJob(engine, jobId, owner)
  while (!(await act())) {
    const job = await findOwnJob(engine, jobId, owner)
    const state = job.state as JobState
    if (holds.includes(state)) return
    // Else it may be by now.
    if (!statesAllowing(action).includes(state)) throw refusalOf(job, action)
  }
}

export function refusalOf({ state: stored, failed }: FoundJob, action: JobAction): InvalidTransition {
  const state = stored as JobState
  return new InvalidTransition(state, action, allowedActions({ state, failed }))
}

/** Whose job it is not, for them it does not exist. */
export async function findOwnJob(engine: Engine, jobId: number, owner: string): Promise<FoundJob> {
  const job = await findJob(engine.db, jobId)
  if (!job || job.owner !== owner) throw notFound(jobId)
  return job
}

function notFound(jobId: number): NotFound {
  return new NotFound(`There is no job ${jobId}.`)
}

function inputIssue(issue: z.core.$ZodIssue): InputIssue {
  return {
    path: issue.path.map((part) => (typeof part === 'number' ? part : String(part))),
    message: issue.message,
    code: issue.code,
  }
}
