import type { Kysely, Transaction } from 'kysely'
import type { PgBoss } from 'pg-boss'

import { commitJob, type JobCounters, type NewEvent, nextGroupId } from '../db/jobs.ts'
import { jsonText } from '../db/json.ts'
import { addShards, countOpen, lockShards, type Shard, type ShardChange, updateShards } from '../db/shards.ts'
import type { DB } from '../db/types.ts'
import type { AnyJobKind, Step } from './job-kind.ts'
import type { Notices } from './notices.ts'
import { completeMessages, sendFinish, sendShards, type ShardMessage } from './queue.ts'

/** How a shard's run ends, as it is stored. */
export type ShardEnd =
  | { end: 'done' }
  | { end: 'later'; at: Date; why: string }
  /** Its turn is over; it is queued behind the others. So is a shard whose worker shuts down. */
  | { end: 'sliced' }
  /** Paused or cancelled: open, without a message until the job resumes. */
  | { end: 'stopped' }
  | { end: 'retry'; at: Date; why: string }

/** What one running shard wants committed: a step, its end, or both. */
export interface Submission {
  shard: string
  epoch: number
  messageId: string
  step?: Step<unknown, unknown>
  end?: ShardEnd
}

/**
 * `committed`; `again`: the step is in, but the shard was reopened meanwhile and runs on; `fenced`: nothing was committed, the
 * shard or the job is no longer ours to change.
 */
export type Verdict = 'committed' | 'again' | 'fenced'

export interface Committer {
  /** Rejects when the database refused this very submission; nothing of it is in then. */
  submit(jobId: number, kind: AnyJobKind, submission: Submission): Promise<Verdict>
}

export interface CommitDeps {
  db: Kysely<DB>
  boss: PgBoss
  notices: Notices
  workerId(): string
  /** The job stops: its other handlers here need not wait to be told. */
  stopping(jobId: number): void
  /** The job has shards that wait for a message. */
  unsent(jobId: number): void
  /** So many items have got their fate. */
  items(count: number): void
}

const groupLimit = 64
/** Up to so many open shards of a job get their messages at once; beyond, the queue is refilled in portions. */
const queuedAtOnce = 500
const maxDeadlocks = 8

/**
 * One committer a process: the steps of one job that are ready at the same time go together in one transaction, so that the job row
 * is locked once for many steps. A group that fails is tried step by step, so that one bad batch hurts nobody else.
 */
export function createCommitter(deps: CommitDeps): Committer {
  const groups = new Map<number, { kind: AnyJobKind; waiting: Waiting[] }>()

  const drain = async (jobId: number, kind: AnyJobKind, waiting: Waiting[]) => {
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupLimit)
      try {
        settle(group, await commitRetrying(deps, jobId, kind, group))
      } catch (error) {
        if (group.length === 1) group[0]!.reject(error)
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
        const entry = { submission, resolve, reject }
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

class Raced extends Error {}
class Refused extends Error {}

async function commitGroup(
  deps: CommitDeps,
  jobId: number,
  kind: AnyJobKind,
  submissions: Submission[],
): Promise<Verdict[]> {
  const outcome = await deps.db
    .transaction()
    .execute((trx) => storeGroup(deps, trx, { jobId, kind, submissions }))
    .catch((error: unknown) => {
      if (error instanceof Refused) return null
      throw error
    })
  if (!outcome) {
    deps.stopping(jobId)
    return submissions.map(() => 'fenced')
  }
  deps.notices.changed(jobId, outcome.job.seq)
  deps.items(outcome.items)
  if (outcome.queued || outcome.job.state === 'FINISHING') deps.notices.wake()
  if (outcome.job.unsentShards > 0) deps.unsent(jobId)
  if (outcome.job.state === 'PAUSING' || outcome.job.state === 'CANCELLING') deps.stopping(jobId)
  return outcome.verdicts
}

interface Group {
  jobId: number
  kind: AnyJobKind
  submissions: Submission[]
}

/** The step's transaction. Everybody locks in this order: shards by key, what `save` touches by its key, messages, the job row. */
async function storeGroup({ boss, workerId }: CommitDeps, trx: Transaction<DB>, group: Group) {
  const { jobId, kind, submissions } = group
  const me = workerId()
  const spawned = submissions.flatMap((s) => s.step?.spawn ?? [])
  const keys = [...new Set([...submissions.map((s) => s.shard), ...spawned])].sort(byCodeUnits)
  const shards = new Map((await lockShards(trx, jobId, keys)).map((shard) => [shard.key, change(shard)]))

  const mine = submissions.map((s) => {
    const shard = shards.get(s.shard)
    return shard?.epoch === s.epoch && shard.state === 'RUNNING'
  })
  const live = submissions.filter((_, i) => mine[i])
  if (live.length === 0) throw new Refused()

  const fresh = [...new Set(live.flatMap((s) => s.step?.spawn ?? []))]
    .filter((key) => !shards.has(key))
    .sort(byCodeUnits)
  const atOnce = fresh.length > 0 && fresh.length + (await countOpen(trx, jobId)) <= queuedAtOnce
  if (fresh.length > 0 && (await addShards(trx, jobId, fresh, atOnce ? 'QUEUED' : 'NEW')) < fresh.length)
    throw new Raced()

  const groupId = await nextGroupId(trx)
  const steps = live.filter((s) => s.step)
  const saved =
    steps.length > 0
      ? await kind.save(
          trx,
          { jobId, groupId, workerId: me },
          steps.map((s) => s.step!.batch),
        )
      : {}

  const messages: ShardMessage[] = atOnce ? fresh.map((shardKey) => ({ jobId, shardKey, activation: 1 })) : []
  const counters = noCounters()
  counters.openShards = fresh.length
  counters.unsentShards = atOnce ? 0 : fresh.length
  add(counters, saved)
  const dirty = new Set<ShardChange>()
  for (const key of live.flatMap((s) => s.step?.spawn ?? [])) {
    const shard = shards.get(key)
    if (!shard) continue
    shard.wanted++
    dirty.add(shard)
  }
  const events: NewEvent[] = []
  const verdicts = new Map<Submission, Verdict>()
  for (const submission of live) {
    const shard = shards.get(submission.shard)!
    dirty.add(shard)
    if (submission.step) {
      add(counters, submission.step.counts ?? {})
      counters.steps++
      shard.stepsMade++
      shard.attempts = 0
      shard.crashes = 0
      shard.checkpoint = jsonText(submission.step.checkpoint)
      events.push(...eventsOf(submission.step, shard.key, me))
    }
    const end = submission.end ?? submission.step?.end
    verdicts.set(submission, end ? endShard(shard, end, counters, events) : 'committed')
    if (shard.state === 'QUEUED') messages.push({ jobId, shardKey: shard.key, activation: shard.activation })
  }
  for (const shard of dirty) {
    if (shard.state !== 'DONE' || shard.wanted === shard.seen) continue
    shard.state = 'QUEUED'
    shard.activation++
    counters.openShards++
    messages.push({ jobId, shardKey: shard.key, activation: shard.activation })
  }
  await updateShards(
    trx,
    jobId,
    [...dirty].sort((a, b) => byCodeUnits(a.key, b.key)),
  )
  const settled = live.filter((s) => shards.get(s.shard)!.state !== 'RUNNING').map((s) => s.messageId)
  await completeMessages(boss, trx, settled)
  await sendShards(boss, trx, messages)

  const phase = live.findLast((s) => s.step?.phase)?.step?.phase ?? null
  const totalKnown = live.some((s) => s.step?.totalKnown)
  const job = await commitJob(trx, jobId, { counters, events, groupId, workerId: me, phase, totalKnown })
  if (!job) throw new Refused()
  if (job.state === 'FINISHING') await sendFinish(boss, trx, [jobId])
  const items = counters.succeeded + counters.failed + counters.skipped
  return { job, items, queued: messages.length > 0, verdicts: submissions.map((s) => verdicts.get(s) ?? 'fenced') }
}

function endShard(shard: ShardChange, end: ShardEnd, counters: JobCounters, events: NewEvent[]): Verdict {
  if (end.end === 'done' && shard.wanted !== shard.seen) {
    shard.seen = shard.wanted
    return 'again'
  }
  const event = { shardKey: shard.key, workerId: shard.workerId }
  shard.workerId = null
  switch (end.end) {
    case 'done':
      shard.state = 'DONE'
      counters.openShards--
      break
    case 'sliced':
      shard.state = 'QUEUED'
      shard.activation++
      break
    case 'stopped':
      shard.state = 'NEW'
      shard.activation++
      counters.unsentShards++
      break
    case 'later':
      shard.state = 'WAITING'
      shard.waitMs = Math.max(0, end.at.getTime() - Date.now())
      shard.waitFor = end.why
      break
    case 'retry':
      shard.state = 'WAITING'
      shard.attempts++
      shard.waitMs = Math.max(0, end.at.getTime() - Date.now())
      shard.waitFor = end.why
      events.push({ ...event, type: 'shard.retry', data: { message: end.why, counts: { attempts: shard.attempts } } })
      break
  }
  return 'committed'
}

function eventsOf(step: Step<unknown, unknown>, shardKey: string, workerId: string): NewEvent[] {
  return [
    ...(step.notes ?? []).map((note) => ({ type: 'note', shardKey, workerId, data: { ...note } })),
    ...(step.findings ?? []).map((finding) => ({ type: 'finding', shardKey, workerId, data: { ...finding } })),
  ]
}

function change(shard: Shard): ShardChange {
  return { ...shard, checkpoint: null, stepsMade: 0, waitMs: null }
}

function noCounters(): JobCounters {
  return {
    total: 0,
    succeeded: 0,
    failed: 0,
    skipped: 0,
    bytesDone: 0,
    results: 0,
    steps: 0,
    openShards: 0,
    unsentShards: 0,
  }
}

function add(to: JobCounters, counts: Partial<JobCounters>): void {
  for (const [name, value] of Object.entries(counts)) to[name as keyof JobCounters] += value ?? 0
}

/** The order of `collate "C"` for the keys that kinds make (ASCII). */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
