import { setTimeout as sleep } from 'node:timers/promises'

import { findJob } from '../db/jobs.ts'
import { type ClaimedShard, type HeldShard, isSuspect } from '../db/shards.ts'
import { createCommitter } from './commit.ts'
import { failJob, settleJob } from './control.ts'
import { secretFor } from './control/job-secrets.ts'
import type { Engine } from './engine.ts'
import type { AnyJobKind, IoDeps } from './job-kind.ts'
import type { Outgoing } from './outgoing.ts'
import { completeMessages, type Message } from './queue.ts'
import { refillJob } from './refill.ts'
import { kindNamed } from './registry.ts'
import { runShard, type StopReason } from './run-shard.ts'
import { createSlots } from './slots.ts'

/** The shards that a worker runs. */
export interface ShardsInHand {
  freeSlots(): number
  count(): number
  /** Runs a claimed shard to its end, in a slot of its own. */
  start(shard: ClaimedShard, message: Message): void
  stop(reason: StopReason, jobId?: number): void
  holds(shard: HeldShard): boolean
  /** Shards that crashed repeatedly and have not made a step since. */
  suspects(): number
  messages(): { id: string; retryCount: number }[]
  /** By job: shards that wait inside the process with their slot lent. */
  parked(): Record<string, number>
  /** What was committed since the last call, and the longest that a step waited for it. */
  takeWork(): { items: number; steps: number; commitGroups: number; commitLagMs: number }
  allOver(): Promise<void>
}

interface Running {
  shard: ClaimedShard
  message: Message
  abort: AbortController
  waiting: boolean
  suspect: boolean
  over: Promise<void>
}

/** Inputs have up to 8 MB: more are forgotten, but for those of jobs that run here. */
const knownJobsAtMost = 20
const refilledAtMost = 1_000
const refillEveryMs = 100

export function createShardsInHand(options: {
  engine: Engine
  outgoing: Outgoing
  slots: number
  workerId(): string
  /** A slot is free. */
  freed(): void
  /** Other jobs wait for a slot. */
  contended(): boolean
  /** Another job has no slot at all, and who asks is the one to give up its own. */
  owed(): boolean
}): ShardsInHand {
  const { engine, outgoing, workerId, freed, contended, owed } = options
  const { db, boss, notices, log } = engine
  const running = new Map<string, Running>()
  const jobs = new Map<number, { kind: AnyJobKind; input: unknown }>()
  const ios = new Map<AnyJobKind, unknown>()
  const refilled = new Map<number, number>()
  const leftBehind = new Set<Promise<unknown>>()
  const slots = createSlots(options.slots, freed)
  let work = noWork()

  const stop = (reason: StopReason, jobId?: number) => {
    for (const run of running.values()) if (jobId === undefined || run.shard.jobId === jobId) run.abort.abort(reason)
  }
  const committer = createCommitter({
    db,
    boss,
    notices,
    log,
    workerId,
    stopping: (jobId) => stop('stopped', jobId),
    unsent(jobId) {
      if (Date.now() - (refilled.get(jobId) ?? 0) < refillEveryMs) return
      if (refilled.size > refilledAtMost) refilled.clear()
      refilled.set(jobId, Date.now())
      refillJob(engine, jobId).catch((error: unknown) =>
        log.warn({ err: error, job: jobId }, 'refill failed; the sweep will'),
      )
    },
    committed({ steps, items }) {
      work.commitGroups++
      work.steps += steps
      work.items += items
    },
    waited(ms) {
      work.commitLagMs = Math.max(work.commitLagMs, ms)
    },
  })

  const runs = (jobId: number) => [...running.values()].some(({ shard }) => shard.jobId === jobId)
  const jobOf = async (jobId: number) => {
    const known = jobs.get(jobId)
    if (known) return known
    const row = await findJob(db, jobId)
    if (!row) return null
    const job = { kind: kindNamed(row.kind), input: row.input }
    if (jobs.size >= knownJobsAtMost) for (const id of jobs.keys()) if (!runs(id)) jobs.delete(id)
    jobs.set(jobId, job)
    return job
  }
  const leaveBehind = (work: Promise<unknown>) => {
    const over = work
      .catch((error: unknown) => log.warn({ err: error }, 'what a run had left behind failed'))
      .finally(() => leftBehind.delete(over))
    leftBehind.add(over)
  }
  const ioOf = (kind: AnyJobKind) => {
    if (!ios.has(kind)) {
      const { blobs, settings } = engine
      const secret = (jobId: number, name: string) => secretFor(engine, jobId, name)
      const now = () => new Date()
      const deps: IoDeps = { db, outgoing, blobs, secret, log, workerId, now, leaveBehind, settings }
      ios.set(kind, kind.io(deps))
    }
    return ios.get(kind)
  }

  const run = async (one: Running): Promise<void> => {
    const { shard, message, abort } = one
    const job = await jobOf(shard.jobId)
    if (!job) return completeMessages(boss, db, [message.id])
    let fenced = false
    const fate = await runShard({
      kind: job.kind,
      claim: shard,
      input: job.input,
      io: ioOf(job.kind),
      signal: abort.signal,
      contended: () => slots.free() <= 0 && contended(),
      owed: () => slots.free() <= 0 && owed(),
      log,
      async wait(ms) {
        one.waiting = true
        await slots.lendWhile(sleep(ms, undefined, { signal: abort.signal }).catch(() => {}))
        one.waiting = false
      },
      async commit(what) {
        const verdict = await committer.submit(shard.jobId, job.kind, {
          shard: shard.key,
          epoch: shard.epoch,
          messageId: message.id,
          ...what,
        })
        if (verdict === 'fenced') fenced = true
        else if (what.step) one.suspect = false
        return verdict
      },
    })
    if (fenced) await completeMessages(boss, db, [message.id])
    if (fate.fate === 'failed') await failJob(engine, shard.jobId, fate)
    return undefined
  }

  return {
    freeSlots: () => slots.free(),
    count: () => running.size,
    start(shard, message) {
      const name = nameOf(shard)
      // Handed over to ourselves: the older handler is fenced off already.
      running.get(name)?.abort.abort('lost' satisfies StopReason)
      const one: Running = {
        shard,
        message,
        abort: new AbortController(),
        waiting: false,
        suspect: isSuspect(shard),
        over: Promise.resolve(),
      }
      running.set(name, one)
      slots.take()
      one.over = run(one)
        .catch((error: unknown) =>
          log.error(
            { err: error, job: shard.jobId, shard: shard.key },
            'a shard was not ended; it will be taken up again',
          ),
        )
        .then(async () => {
          if (running.get(name) === one) running.delete(name)
          slots.release()
          if (one.abort.signal.reason !== 'stopped') return
          if (!runs(shard.jobId)) await settleJob(engine, shard.jobId)
        })
        .catch((error: unknown) => log.warn({ err: error, job: shard.jobId }, 'settling failed; the sweep will'))
    },
    stop,
    holds: (shard) => running.get(nameOf(shard))?.shard.epoch === shard.epoch,
    suspects: () => [...running.values()].filter((one) => one.suspect).length,
    messages: () => [...running.values()].map(({ message: { id, retryCount } }) => ({ id, retryCount })),
    parked() {
      const parked: Record<string, number> = {}
      for (const { waiting, shard } of running.values())
        if (waiting) parked[shard.jobId] = (parked[shard.jobId] ?? 0) + 1
      return parked
    },
    takeWork() {
      const taken = work
      work = noWork()
      return taken
    },
    async allOver() {
      await Promise.all([...running.values()].map((one) => one.over))
      await Promise.all(leftBehind)
    },
  }
}

function nameOf({ jobId, key }: { jobId: number; key: string }): string {
  return `${jobId}/${key}`
}

function noWork() {
  return { items: 0, steps: 0, commitGroups: 0, commitLagMs: 0 }
}
