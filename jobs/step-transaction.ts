import type { Transaction } from 'kysely'
import type { PgBoss } from 'pg-boss'

import { commitJob, type CommittedJob, type JobCounters, type NewEvent } from '../db/jobs.ts'
import { jsonText } from '../db/json.ts'
import { addShards, countOpen, lockShards, type Shard, type ShardChange, updateShards } from '../db/shards.ts'
import type { DB } from '../db/types.ts'
import type { AnyJobKind, Finding, Saved, Step } from './job-kind.ts'
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

/** Up to so many open shards of a job get their messages at once; beyond, the queue is refilled in portions. */
const queuedAtOnce = 500

/** A shard was added by somebody else between our look and our insert: the transaction is to be tried again. */
export class Raced extends Error {}

/** Nothing of the group may be committed. `job`: the job takes no steps; else only these shards are no longer the worker's. */
export class Refused extends Error {
  readonly what: 'shards' | 'job'
  constructor(what: 'shards' | 'job') {
    super(`the ${what} cannot be committed to`)
    this.what = what
  }
}

export interface StoredGroup {
  job: CommittedJob
  /** Items that have got their fate. */
  items: number
  steps: number
  /** Whether messages were sent. */
  queued: boolean
  /** In the order of the submissions. */
  verdicts: Verdict[]
}

/** Submissions of one job that are committed together. */
export interface Group {
  jobId: number
  kind: AnyJobKind
  submissions: Submission[]
}

/** The step's transaction. Everybody locks in this order: shards by key, what `save` touches by its key, messages, the job row. */
export async function storeGroup(
  boss: PgBoss,
  workerId: string,
  trx: Transaction<DB>,
  group: Group,
): Promise<StoredGroup> {
  const { jobId, kind, submissions } = group
  const spawned = submissions.flatMap((s) => s.step?.spawn ?? [])
  const keys = [...new Set([...submissions.map((s) => s.shard), ...spawned])].sort(byCodeUnits)
  const { shards: locked, groupId } = await lockShards(trx, jobId, keys)
  const shards = new Map(locked.map((shard) => [shard.key, change(shard)]))

  const mine = submissions.map((s) => {
    const shard = shards.get(s.shard)
    return shard?.epoch === s.epoch && shard.state === 'RUNNING'
  })
  const live = submissions.filter((_, i) => mine[i])
  if (live.length === 0) throw new Refused('shards')

  const fresh = [...new Set(live.flatMap((s) => s.step?.spawn ?? []))]
    .filter((key) => !shards.has(key))
    .sort(byCodeUnits)
  const atOnce = fresh.length > 0 && fresh.length + (await countOpen(trx, jobId)) <= queuedAtOnce
  if (fresh.length > 0 && (await addShards(trx, jobId, fresh, atOnce ? 'QUEUED' : 'NEW')) < fresh.length)
    throw new Raced()

  const steps = live.filter((s) => s.step)
  const { failedItems, ...saved }: Saved =
    steps.length > 0
      ? await kind.save(
          trx,
          { jobId, groupId, workerId },
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
  const untold = failedItems && new Set(failedItems)
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
      events.push(...eventsOf(submission.step, shard.key, workerId, untold))
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
  const job = await commitJob(trx, jobId, { counters, events, groupId, workerId, phase, totalKnown })
  if (!job) throw new Refused('job')
  if (job.state === 'FINISHING') await sendFinish(boss, trx, [jobId])
  const items = counters.succeeded + counters.failed + counters.skipped
  return {
    job,
    items,
    steps: steps.length,
    queued: messages.length > 0,
    verdicts: submissions.map((s) => verdicts.get(s) ?? 'fenced'),
  }
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

function eventsOf(
  step: Step<unknown, unknown>,
  shardKey: string,
  workerId: string,
  untold: Set<string> | undefined,
): NewEvent[] {
  const findings = findingsToTell(step.findings ?? [], untold)
  return [
    ...(step.notes ?? []).map((note) => ({ type: 'note', shardKey, workerId, data: { ...note } })),
    ...findings.map((finding) => ({ type: 'finding', shardKey, workerId, data: { ...finding } })),
  ]
}

/** Leaves out what is found about items that others were first with; `untold` loses the items that are told of. */
export function findingsToTell(findings: readonly Finding[], untold: Set<string> | undefined): readonly Finding[] {
  return untold ? findings.filter(({ item }) => item === undefined || untold.delete(item)) : findings
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
