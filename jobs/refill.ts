import { addUnsent } from '../db/jobs.ts'
import { countSent, queueNewShards } from '../db/shards.ts'
import type { Engine } from './engine.ts'
import { sendShards } from './queue.ts'

/** Messages of one job in the queue at a time: enough for all slots, and few enough that fetching stays quick. Only whole portions are sent. */
export const sentAtMost = 1_000
/** So many go in one transaction. */
export const portion = 500

/** Gives NEW shards of a job their messages, as far as there is room in the queue. Returns whether any were sent. */
export async function refillJob(engine: Engine, jobId: number): Promise<boolean> {
  const taken = await engine.db.transaction().execute(async (trx) => {
    const sent = await countSent(trx, jobId)
    if (sent === null || sent > sentAtMost - portion) return 0
    const shards = await queueNewShards(trx, jobId, portion)
    const queued = shards.filter((shard) => shard.state === 'QUEUED')
    await sendShards(
      engine.boss,
      trx,
      queued.map(({ shardKey, activation }) => ({ jobId, shardKey, activation })),
    )
    if (shards.length > 0) await addUnsent(trx, jobId, -shards.length)
    return shards.length
  })
  if (taken > 0) engine.notices.wake()
  return taken > 0
}
