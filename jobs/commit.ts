import type { Kysely } from 'kysely'
import type { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'

import type { DB } from '../db/types.ts'
import type { AnyJobKind } from './job-kind.ts'
import type { Notices } from './notices.ts'
import { Raced, Refused, storeGroup, type Submission, type Verdict } from './step-transaction.ts'

export interface Committer {
  /** Rejects when the database refused this very submission; nothing of it is in then. */
  submit(jobId: number, kind: AnyJobKind, submission: Submission): Promise<Verdict>
}

export interface CommitDeps {
  db: Kysely<DB>
  boss: PgBoss
  notices: Notices
  log: Logger
  workerId(): string
  /** The job stops: its other handlers here need not wait to be told. */
  stopping(jobId: number): void
  /** The job has shards that wait for a message. */
  unsent(jobId: number): void
  /** A group is in: so many steps, with so many items that have got their fate. */
  committed(group: { steps: number; items: number }): void
  /** A step was committed so long after it was handed over. */
  waited(ms: number): void
}

const groupLimit = 64
const maxDeadlocks = 8

/**
 * One committer a process: the steps of one job that are ready at the same time go together in one transaction, so that the job row
 * is locked once for many steps. A group that was refused is tried step by step, so that one bad batch hurts nobody else; one that may
 * be in is not, since its steps would be stored twice: their shards go on from their stored checkpoints.
 */
export function createCommitter(deps: CommitDeps): Committer {
  const groups = new Map<number, { kind: AnyJobKind; waiting: Waiting[] }>()

  const drain = async (jobId: number, kind: AnyJobKind, waiting: Waiting[]) => {
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupLimit)
      try {
        settle(group, await commitRetrying(deps, jobId, kind, group))
      } catch (error) {
        if (group.length === 1 || error instanceof OutcomeUnknown) group.forEach((one) => one.reject(error))
        else
          for (const one of group)
            await commitRetrying(deps, jobId, kind, [one]).then((verdicts) => settle([one], verdicts), one.reject)
      }
    }
    groups.delete(jobId)
  }

  return {
    submit(jobId, kind, submission) {
      return new Promise((resolve, reject) => {
        const handedOver = performance.now()
        const entry = {
          submission,
          resolve(verdict: Verdict) {
            deps.waited(performance.now() - handedOver)
            resolve(verdict)
          },
          reject,
        }
        const group = groups.get(jobId)
        if (group) return void group.waiting.push(entry)
        const waiting = [entry]
        groups.set(jobId, { kind, waiting })
        // After the present tick, so that steps which end together are committed together.
        setImmediate(() => void drain(jobId, kind, waiting))
        return undefined
      })
    },
  }
}

/** The connection was lost after COMMIT had been sent: nobody here knows whether the group is in. */
class OutcomeUnknown extends Error {}

interface Waiting {
  submission: Submission
  resolve: (verdict: Verdict) => void
  reject: (error: unknown) => void
}

function settle(group: Waiting[], verdicts: Verdict[]) {
  group.forEach((one, i) => one.resolve(verdicts[i]!))
}

async function commitRetrying(deps: CommitDeps, jobId: number, kind: AnyJobKind, group: Waiting[]): Promise<Verdict[]> {
  const submissions = group.map((one) => one.submission)
  for (let tries = 1; ; tries++) {
    try {
      return await commitGroup(deps, jobId, kind, submissions)
    } catch (error) {
      if (!isRace(error) || tries === maxDeadlocks) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * tries))
    }
  }
}

/** Deadlock, serialisation failure, or a shard that somebody else added between our look and our insert. */
function isRace(error: unknown): boolean {
  if (error instanceof Raced) return true
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === '40P01' || code === '40001'
}

/** Whether the server answered that it did not do what was asked, and is still there. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR'
}

async function commitGroup(
  deps: CommitDeps,
  jobId: number,
  kind: AnyJobKind,
  submissions: Submission[],
): Promise<Verdict[]> {
  const { boss, workerId } = deps
  let stored = false
  const outcome = await deps.db
    .transaction()
    .execute(async (trx) => {
      const group = await storeGroup(boss, workerId(), trx, { jobId, kind, submissions })
      stored = true
      return group
    })
    .catch((error: unknown) => {
      if (error instanceof Refused) return error
      if (stored && !isRefusal(error)) throw new OutcomeUnknown('a commit went unanswered', { cause: error })
      throw error
    })
  if (outcome instanceof Refused) {
    if (outcome.what === 'job') deps.stopping(jobId)
    return submissions.map(() => 'fenced')
  }
  deps.notices.changed(jobId, outcome.job.seq)
  deps.committed({ steps: outcome.steps, items: outcome.items })
  logGroup(deps.log, jobId, submissions, outcome.verdicts)
  if (outcome.queued || outcome.job.state === 'FINISHING') deps.notices.wake()
  if (outcome.job.unsentShards > 0) deps.unsent(jobId)
  if (outcome.job.state === 'PAUSING' || outcome.job.state === 'CANCELLING') deps.stopping(jobId)
  return outcome.verdicts
}

function logGroup(log: Logger, jobId: number, submissions: Submission[], verdicts: Verdict[]): void {
  if (!log.isLevelEnabled('debug')) return
  submissions.forEach(({ shard, step, end = step?.end }, i) => {
    if (verdicts[i] === 'fenced') return
    if (step) log.debug({ job: jobId, shard, counts: step.counts }, 'step committed')
    if (end && 'at' in end) log.debug({ job: jobId, shard, until: end.at, why: end.why }, 'shard waits')
  })
}
