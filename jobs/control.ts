import type { Transaction } from 'kysely'
import type { z } from 'zod'

import { appendEvents, findJob, findReplay, insertJob, lockStopped, moveJob } from '../db/jobs.ts'
import { reopenShards } from '../db/shards.ts'
import type { DB } from '../db/types.ts'
import type { Engine } from './engine.ts'
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

/** Checks the input and starts a job of a kind. Refuses with ValidationError or IdempotencyMismatch; then nothing has been started. */
export async function startJob(
  engine: Engine,
  {
    kind: name,
    input: given,
    owner,
    idempotencyKey,
  }: { kind: string; input: unknown; owner: string; idempotencyKey?: string | null },
): Promise<StartedJob> {
  const kind = kindNamed(name)
  const parsed = kind.input.safeParse(given)
  const issues = parsed.success
    ? (kind.check?.(parsed.data, engine.settings) ?? [])
    : parsed.error.issues.map(inputIssue)
  if (!parsed.success || issues.length > 0) throw new ValidationError(issues)
  const input: unknown = parsed.data

  const key = idempotencyKey ?? null
  const jobId = await engine.db.transaction().execute(async (trx) => {
    const id = await insertJob(trx, { kind: name, title: kind.titleOf(input), owner, input, idempotencyKey: key })
    if (id === null) return null
    await sendShards(engine.boss, trx, [{ jobId: id, shardKey: 'main', activation: 1 }])
    await appendEvents(trx, id, [{ type: 'job.created', data: { message: `Job created: ${kind.titleOf(input)}` } }])
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
  if (!first) return startJob(engine, { kind: name, input: given, owner, idempotencyKey: key })
  if (!first.same) throw new IdempotencyMismatch(`The idempotency key was used for job ${first.id} with another input.`)
  return { jobId: first.id, replayed: true }
}

const allowed: Record<JobState, JobAction[]> = {
  PENDING: ['PAUSE', 'CANCEL'],
  RUNNING: ['PAUSE', 'CANCEL'],
  PAUSING: ['CANCEL'],
  PAUSED: ['RESUME', 'CANCEL', 'DELETE'],
  CANCELLING: [],
  CANCELLED: ['RESUME', 'DELETE'],
  FINISHING: [],
  COMPLETED: ['DELETE'],
  FAILED: ['RESUME', 'DELETE'],
}

/** What may be asked of a job in this state. */
export function allowedActions(state: JobState): JobAction[] {
  return allowed[state]
}

/** Asks running handlers to stop after what they have in hand. Repeating it is a success without effect. */
export async function pauseJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  await stopJob(engine, jobId, owner, {
    action: 'PAUSE',
    to: 'PAUSING',
    from: ['PENDING', 'RUNNING'],
    holds: ['PAUSING', 'PAUSED'],
  })
}

/** As pause, but the job counts as ended; it can still be resumed. */
export async function cancelJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  await stopJob(engine, jobId, owner, {
    action: 'CANCEL',
    to: 'CANCELLING',
    from: ['PENDING', 'RUNNING', 'PAUSING', 'PAUSED'],
    holds: ['CANCELLING', 'CANCELLED'],
  })
}

/** Goes on from the last committed step after a pause, a cancel or a failure. */
export async function resumeJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  await findOwnJob(engine, jobId, owner)
  const seq = await engine.db.transaction().execute(async (trx) => {
    const unsent = await reopenShards(trx, jobId)
    // A job that failed in its very end has no open shard: only its end is left to do.
    const [to, phase] = unsent > 0 ? ['RUNNING', 'running'] : ['FINISHING', 'finishing']
    const moved = await moveJob(trx, jobId, ['PAUSED', 'CANCELLED', 'FAILED'], to, {
      phase: phase,
      unsentShards: unsent,
    })
    if (!moved) {
      await refuseUnless(trx, jobId, 'RESUME', ['PENDING', 'RUNNING', 'FINISHING'])
      return null
    }
    if (unsent === 0) await sendFinish(engine.boss, trx, [jobId])
    return appendEvents(trx, jobId, [{ type: 'job.resumed', data: { message: 'Resumed' } }])
  })
  if (seq === null) return
  await refillJob(engine, jobId)
  engine.notices.changed(jobId, seq)
  await engine.notices.flush()
}

/** Removes a job that does not run, with all its rows. */
export async function deleteJob(engine: Engine, jobId: number, owner: string): Promise<void> {
  await findOwnJob(engine, jobId, owner)
  const states = (Object.keys(allowed) as JobState[]).filter((state) => allowed[state].includes('DELETE'))
  const { numDeletedRows } = await engine.db
    .deleteFrom('jobs')
    .where('id', '=', jobId)
    .where('state', 'in', states)
    .executeTakeFirst()
  if (numDeletedRows === 0n) {
    const job = await findOwnJob(engine, jobId, owner)
    throw new InvalidTransition(job.state, 'DELETE', allowedActions(job.state))
  }
  engine.notices.changed(jobId, 0)
  await engine.notices.flush()
}

/** Ends the job because it cannot go on; called by workers. Running handlers elsewhere are told to stop. */
export async function failJob(engine: Engine, jobId: number, error: { code: string; message: string }): Promise<void> {
  const seq = await engine.db.transaction().execute(async (trx) => {
    const set = { phase: 'failed', errorCode: error.code, errorMessage: error.message }
    const moved = await moveJob(trx, jobId, ['PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING'], 'FAILED', set)
    return moved && appendEvents(trx, jobId, [{ type: 'job.failed', data: { message: error.message } }])
  })
  if (seq === null) return
  await notifyStop(engine.db, [jobId])
  engine.notices.changed(jobId, seq)
}

/** Turns PAUSING into PAUSED and CANCELLING into CANCELLED once no shard runs any more; else does nothing. */
export async function settleJob(engine: Engine, jobId: number): Promise<void> {
  const seq = await engine.db.transaction().execute(async (trx) => {
    const state = await lockStopped(trx, jobId)
    if (!state) return null
    const to = state === 'PAUSING' ? 'PAUSED' : 'CANCELLED'
    await moveJob(trx, jobId, [state], to, { phase: to.toLowerCase() })
    return appendEvents(trx, jobId, [
      { type: `job.${to.toLowerCase()}`, data: { message: to === 'PAUSED' ? 'Paused' : 'Cancelled' } },
    ])
  })
  if (seq !== null) engine.notices.changed(jobId, seq)
}

interface Stop {
  action: JobAction
  from: JobState[]
  to: 'PAUSING' | 'CANCELLING'
  /** States in which the job is already what was asked for. */
  holds: JobState[]
}

async function stopJob(engine: Engine, jobId: number, owner: string, stop: Stop): Promise<void> {
  await findOwnJob(engine, jobId, owner)
  const seq = await engine.db.transaction().execute(async (trx) => {
    const moved = await moveJob(trx, jobId, stop.from, stop.to, { phase: stop.to.toLowerCase() })
    if (!moved) {
      await refuseUnless(trx, jobId, stop.action, stop.holds)
      return null
    }
    const message = stop.to === 'PAUSING' ? 'Pause asked for' : 'Cancel asked for'
    return appendEvents(trx, jobId, [{ type: `job.${stop.to.toLowerCase()}`, data: { message } }])
  })
  if (seq === null) return
  await notifyStop(engine.db, [jobId])
  await settleJob(engine, jobId)
  engine.notices.changed(jobId, seq)
  await engine.notices.flush()
}

async function refuseUnless(trx: Transaction<DB>, jobId: number, action: JobAction, holds: JobState[]): Promise<void> {
  const job = await findJob(trx, jobId)
  if (!job) throw notFound(jobId)
  const state = job.state as JobState
  if (!holds.includes(state)) throw new InvalidTransition(state, action, allowedActions(state))
}

/** Whose job it is not, for them it does not exist. */
async function findOwnJob(engine: Engine, jobId: number, owner: string) {
  const job = await findJob(engine.db, jobId)
  if (!job || job.owner !== owner) throw notFound(jobId)
  return { ...job, state: job.state as JobState }
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
