import { setTimeout as sleep } from 'node:timers/promises'

import { appendEvents, type JobToMend, jobsToMend } from '../db/jobs.ts'
import { type HeldShard, nextDueMs, queueDueShards, queueLostShards, takeShardsFrom } from '../db/shards.ts'
import { databaseUpMs, deadWorkers, goneHolders, lockDeadWorker, removeWorker } from '../db/workers.ts'
import { settleJob } from './control.ts'
import type { Engine } from './engine.ts'
import { notifyStop } from './notices.ts'
import { workerIdPrefix } from './presence.ts'
import { sendFinish, sendShards, sendTaken } from './queue.ts'
import { portion, refillJob, sentAtMost } from './refill.ts'

/** After a restart of the database all workers come back at about the same time: until then nobody counts as dead. */
export const reentryMs = 2_000

/**
 * Takes over from the dead before any worker of this program is there. `startedDatabase`: by this program, so that whoever had entered
 * ended with the one before it, and nobody is on the way back.
 */
export async function takeOverAtStart(
  engine: Engine,
  { startedDatabase }: { startedDatabase: boolean },
): Promise<void> {
  if (startedDatabase || (await databaseUpMs(engine.db)) > reentryMs) await takeOverFromDead(engine, '')
}

/** Queues anew what workers held whose connection is gone, and forgets them. Returns how many shards were taken up again. */
export async function takeOverFromDead(engine: Engine, myId: string): Promise<number> {
  let taken = 0
  for (const worker of await deadWorkers(engine.db, myId)) taken += await takeOver(engine, worker)
  return taken
}

/** Takes over from a process of this machine that is known to have ended, as soon as the database has seen it too. */
export async function takeOverFromProcess(engine: Engine, pid: number): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const dead = (await deadWorkers(engine.db, '')).filter(({ id }) => id.startsWith(workerIdPrefix(pid)))
    for (const worker of dead) await takeOver(engine, worker)
    if (dead.length > 0) return
    await sleep(100)
  }
}

async function takeOver(engine: Engine, worker: { id: string; lockKey: number }): Promise<number> {
  const changed = new Map<number, number>()
  const taken = await engine.db.transaction().execute(async (trx) => {
    if (!(await lockDeadWorker(trx, worker.lockKey))) return 0
    await removeWorker(trx, worker.id)
    const shards = await takeShardsFrom(trx, worker.id, { crashed: true })
    await sendTaken(engine.boss, trx, shards)
    for (const jobId of [...new Set(shards.map((shard) => shard.jobId))].sort((a, b) => a - b)) {
      const count = shards.filter((shard) => shard.jobId === jobId).length
      const message = `A worker was lost; what it had in hand is taken up again (shards: ${count})`
      changed.set(
        jobId,
        await appendEvents(trx, jobId, [
          { type: 'note', workerId: worker.id, data: { message, counts: { shards: count } } },
        ]),
      )
    }
    return shards.length
  })
  for (const [jobId, seq] of changed) engine.notices.changed(jobId, seq)
  if (taken > 0) engine.notices.wake()
  return taken
}

/** Queues anew shards that the database takes for this live worker's, but which it does not run: the reply to a claim was lost. */
export async function releaseForgotten(engine: Engine, workerId: string, forgotten: HeldShard[]): Promise<void> {
  if (forgotten.length === 0) return
  await engine.db.transaction().execute(async (trx) => {
    await sendTaken(engine.boss, trx, await takeShardsFrom(trx, workerId, { crashed: false, only: forgotten }))
  })
  engine.notices.wake()
}

/** Takes leases and claims from workers that had been removed before a last statement of theirs was through. */
export async function releaseHeldByGone(engine: Engine): Promise<void> {
  for (const id of await goneHolders(engine.db)) {
    await engine.db.transaction().execute((trx) => removeWorker(trx, id))
    engine.log.info({ worker: id }, 'what a worker that is gone still held was taken from it')
  }
}

/** Those that are due but find no room in the queue, and those of stopped jobs, are looked at again after so long. */
const waitForRoomMs = 200

/** Queues shards whose wait is over. Returns after how many milliseconds to look again. */
export async function wakeDue(engine: Engine): Promise<number> {
  const queued = await engine.db.transaction().execute(async (trx) => {
    const due = await queueDueShards(trx, { portion, queuedAtMost: sentAtMost })
    await sendShards(engine.boss, trx, due)
    return due.length
  })
  if (queued > 0) engine.notices.wake()
  if (queued >= portion) return 0
  const nextMs = (await nextDueMs(engine.db)) ?? Infinity
  return nextMs < 0 ? waitForRoomMs : nextMs
}

/** Sends messages that got lost, whatever the reason. */
export async function resendLost(engine: Engine): Promise<number> {
  const sent = await engine.db.transaction().execute(async (trx) => {
    const lost = await queueLostShards(trx, 500)
    await sendShards(engine.boss, trx, lost)
    return lost.length
  })
  if (sent > 0) engine.notices.wake()
  return sent
}

/** A job that is finishing without news for so long gets its last message again. */
const finishQuietMs = 15_000

/** Refills the queue and settles what stands between two states. A job that cannot be mended keeps none of the others waiting. */
export async function mendJobs(engine: Engine): Promise<void> {
  for (const job of await jobsToMend(engine.db, finishQuietMs)) {
    try {
      await mendJob(engine, job)
    } catch (error) {
      engine.log.warn({ err: error, job: job.id }, 'a job could not be mended; it will be tried again')
    }
  }
}

async function mendJob(engine: Engine, job: JobToMend): Promise<void> {
  if (job.state === 'PAUSING' || job.state === 'CANCELLING') {
    // Who asked may have died before it told the workers.
    await notifyStop(engine.db, [job.id])
    await settleJob(engine, job.id)
  } else if (job.state === 'FINISHING' && job.quiet)
    await engine.db.transaction().execute((trx) => sendFinish(engine.boss, trx, [job.id]))
  else if (job.unsent) await refillJob(engine, job.id)
}
