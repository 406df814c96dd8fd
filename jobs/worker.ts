import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Transaction } from 'kysely'
import type { PgBoss } from 'pg-boss'

import { blobRooms } from '../db/blobs.ts'
import { appendEvents } from '../db/jobs.ts'
import { pruneEvents } from '../db/prune-events.ts'
import { shardQueue } from '../db/queue.ts'
import { removeOldBatches } from '../db/service-batches.ts'
import { type ClaimedShard, claimShards, type HeldShard, shardsHeldBy } from '../db/shards.ts'
import { analyzeGrown } from '../db/statistics.ts'
import type { DB } from '../db/types.ts'
import { removeUploads } from '../db/upload-bytes.ts'
import { type Demand, holdWorker, readDemand, readSharedLoad, reportLoad } from '../db/workers.ts'
import { deleteOld, removeDeleted } from './control/removal.ts'
import type { Engine } from './engine.ts'
import { finishJob } from './finish-job.ts'
import {
  mendJobs,
  reentryMs,
  releaseForgotten,
  releaseHeldByGone,
  resendLost,
  takeOverFromDead,
  wakeDue,
} from './mending.ts'
import type { Outgoing } from './outgoing.ts'
import { enter, type Presence } from './presence.ts'
import { completeMessages, fetchMessages, finishKey, type Message } from './queue.ts'
import { keepResultFiles } from './result-file/keep.ts'
import { createShardsInHand } from './shards-in-hand.ts'
import { fairPart, isScarce, sharesOf } from './shares.ts'
import { finishForgetting } from './suppression/forget.ts'

export interface WorkerOptions {
  engine: Engine
  url: string
  outgoing: Outgoing
  /** Shards that run at the same time. */
  slots: number
  /** Jobs that ended more days ago than this are deleted; undefined: none is. */
  retentionDays?: number | undefined
}

export interface Worker {
  /** Changes when the worker lost its connection and entered anew. */
  id(): string
  /** Hands everything back within a step; nothing counts as a failure. */
  stop(): Promise<void>
}

const idleMs = 500
const gatherMs = 3
/** The others have so long to fetch what is theirs; then it is for whoever comes. */
const passMs = 250
/** Shards that wait inside the process may be so many times the slots. */
const parkedPerSlot = 32

/** Fetches and runs shards, and mends what others left behind; resolves once the worker is entered. */
export async function startWorker({ engine, url, outgoing, slots, retentionDays }: WorkerOptions): Promise<Worker> {
  const { db, boss, blobs, log } = engine
  const stopping = new AbortController()
  const turn = createWakeUp()
  let demand: Demand = { slots, parked: [], wants: [], starved: 0 }
  let owed = 0
  let presence: Presence | undefined
  const workerId = () => presence?.id() ?? ''
  const hand = createShardsInHand({
    engine,
    outgoing,
    slots,
    workerId,
    freed: turn.wake,
    contended: () => demand.wants.length > 1,
    owed: () => owed > 0 && owed-- > 0,
  })
  presence = await enter({
    engine,
    url,
    slots,
    wake: turn.wake,
    stop: (jobIds) => jobIds.forEach((jobId) => hand.stop('stopped', jobId)),
    lost: () => hand.stop('lost'),
  })
  const here = presence

  const guarded = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      if (!stopping.signal.aborted)
        log.warn({ err: error, worker: here.id() }, `${what} failed; it will be tried again`)
    }
  }

  const claiming = new Set<string>()
  /** Since when some are left to the others. */
  let leftSince: number | undefined
  const shared = async (trx: Transaction<DB>) => (isScarce(demand) ? await readSharedLoad(trx) : undefined)
  const fetchAndStart = async (want: number): Promise<number> => {
    let names: string[] = []
    try {
      const taken = await db.transaction().execute(async (trx) => {
        if (!(await holdWorker(trx, here.id()))) return null
        const load = leftSince === undefined || performance.now() - leftSince < passMs ? await shared(trx) : undefined
        const part = load ? Math.min(want, fairPart(load, hand.count())) : want
        leftSince = load && load.queued > part ? (leftSince ?? performance.now()) : undefined
        if (part === 0) return { fetched: [], claims: [], begun: [] }
        const all = await fetchMessages(boss, trx, part, sharesOf(demand))
        const sent = all.filter(({ data }) => data.shardKey !== finishKey)
        names = sent.map(({ data }) => `${data.jobId}/${data.shardKey}`)
        names.forEach((name) => claiming.add(name))
        return { fetched: all, ...(await claim(boss, here.id(), trx, sent, 1 - hand.suspects())) }
      })
      if (!taken) {
        here.takenForDead()
        return 0
      }
      const { fetched, claims, begun } = taken
      for (const { id, data } of fetched)
        if (data.shardKey === finishKey) void guarded('finishing', () => finishJob(engine, here.id(), data.jobId, id))
      for (const [jobId, seq] of begun) {
        engine.notices.changed(jobId, seq)
        log.info({ job: jobId, worker: here.id() }, 'job started')
      }
      for (const { shard, message } of claims) hand.start(shard, message)
      return fetched.length
    } finally {
      names.forEach((name) => claiming.delete(name))
    }
  }

  const fetchLoop = async () => {
    while (!stopping.signal.aborted) {
      turn.reset()
      // Slots become free in groups, as steps are committed: a moment later there are more to fetch for at once.
      if (hand.count() > 0) await sleep(gatherMs)
      const want = here.here() && hand.count() < slots * (parkedPerSlot + 1) ? hand.freeSlots() : 0
      let got = 0
      if (want > 0) await guarded('fetching', async () => (got = await fetchAndStart(want)))
      if (got === 0 || got < want) await turn.next(leftSince === undefined ? idleMs : passMs)
    }
  }

  let suspects = new Set<string>()
  const release = async () => {
    const nameOf = (shard: HeldShard) => `${shard.jobId}/${shard.key}/${shard.epoch}`
    const held = await shardsHeldBy(db, here.id())
    const unknown = held.filter((shard) => !hand.holds(shard) && !claiming.has(`${shard.jobId}/${shard.key}`))
    // Twice in a row, since a claim may be on its way.
    await releaseForgotten(
      engine,
      here.id(),
      unknown.filter((shard) => suspects.has(nameOf(shard))),
    )
    suspects = new Set(unknown.map(nameOf))
  }

  const loopDelay = monitorEventLoopDelay()
  loopDelay.enable()
  let reportedAt = Date.now()
  let steps = 0
  let commitGroups = 0
  const report = async () => {
    const seconds = Math.max(0.001, (Date.now() - reportedAt) / 1_000)
    reportedAt = Date.now()
    const work = hand.takeWork()
    steps += work.steps
    commitGroups += work.commitGroups
    await reportLoad(db, here.id(), {
      running: hand.count(),
      itemsPerSecond: work.items / seconds,
      parked: hand.parked(),
      steps,
      commitGroups,
      commitLagMs: work.commitLagMs,
      loopLagMs: loopDelay.percentile(99) / 1e6,
      noticeLagMs: here.noticeLagMs(),
    })
    loopDelay.reset()
  }

  /** Repeats a chore, which may say how long to wait before the next time. */
  const repeat = async (name: string, everyMs: number, chore: () => Promise<number | void>) => {
    while (!stopping.signal.aborted) {
      let waitMs = everyMs
      if (here.here()) await guarded(name, async () => (waitMs = (await chore()) ?? everyMs))
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }
  const loops = [
    fetchLoop(),
    repeat('reading the demand', 250, async () => {
      demand = await readDemand(db)
      owed = demand.starved
    }),
    repeat('waking', 500, async () => Math.min(500, Math.max(20, await wakeDue(engine)))),
    repeat('taking over', 500, async () => {
      if (here.ageMs() > reentryMs) await takeOverFromDead(engine, here.id())
    }),
    repeat('mending jobs', 1_000, () => mendJobs(engine)),
    repeat('analysing', 1_000, async () => void (await analyzeGrown(db))),
    repeat('reporting', 1_000, report),
    repeat('heartbeat', 3_000, async () => {
      const held = hand.messages()
      if (held.length > 0) await boss.touch(shardQueue, held)
    }),
    repeat('releasing', 5_000, release),
    repeat('releasing what the gone hold', 5_000, () => releaseHeldByGone(engine)),
    repeat('pruning logs', 5_000, async () => ((await pruneEvents(db)) > 0 ? 100 : undefined)),
    repeat('sending again', 5_000, async () => void (await resendLost(engine))),
    repeat('removing deleted jobs', 1_000, async () => {
      const from = performance.now()
      // As long a pause as it took, so that it takes no more than half of the time of one connection.
      return (await removeDeleted(engine)) ? performance.now() - from : 1_000
    }),
    repeat('forgetting', 5_000, () => finishForgetting(engine)),
    repeat('making result files', 500, () => keepResultFiles(engine, stopping.signal)),
    repeat('clearing unfinished files', 3_600_000, async () => {
      // What a process that died was writing goes with the look at it.
      for (const room of blobRooms) for await (const entry of blobs.list(`${room}/`)) void entry
    }),
    repeat('removing uploads', 60_000, async () => ((await removeUploads(db, blobs)) > 0 ? 1_000 : undefined)),
    repeat('removing old batches', 3_600_000, async () => void (await removeOldBatches(db))),
    repeat('deleting old jobs', 3_600_000, async () => {
      if (retentionDays !== undefined) await deleteOld(engine, { owner: undefined, days: retentionDays })
    }),
  ]

  return {
    id: () => here.id(),
    async stop() {
      stopping.abort()
      turn.wake()
      loopDelay.disable()
      hand.stop('shutdown')
      await Promise.all(loops)
      hand.stop('shutdown')
      await hand.allOver()
      await guarded('leaving', () => here.leave())
    },
  }
}

/** Claims shards for their messages, completes messages that are stale, and marks jobs as started whose first shard this is. */
async function claim(
  boss: PgBoss,
  workerId: string,
  trx: Transaction<DB>,
  messages: Message[],
  suspectsAtMost: number,
) {
  const { claims, started } = await claimShards(
    trx,
    workerId,
    messages.map((message) => message.data),
    suspectsAtMost,
  )
  const begun: [jobId: number, seq: number][] = []
  for (const jobId of started)
    begun.push([
      jobId,
      await appendEvents(trx, jobId, [{ type: 'job.started', workerId, data: { message: 'Started' } }]),
    ])
  const byName = new Map(claims.map((shard) => [`${shard.jobId}/${shard.key}/${shard.activation}`, shard]))
  const paired: { shard: ClaimedShard; message: Message }[] = []
  const stale: string[] = []
  for (const message of messages) {
    const name = `${message.data.jobId}/${message.data.shardKey}/${message.data.activation}`
    const shard = byName.get(name)
    byName.delete(name)
    if (shard) paired.push({ shard, message })
    else stale.push(message.id)
  }
  await completeMessages(boss, trx, stale)
  return { claims: paired, begun }
}

/** Wakes a loop that sleeps; a call while it is awake makes its next sleep end at once. */
function createWakeUp() {
  let woken = false
  let end = () => {}
  return {
    wake() {
      woken = true
      end()
    },
    reset() {
      woken = false
    },
    async next(ms: number) {
      if (woken) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        end = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
  }
}
