import { createHash } from 'node:crypto'

import type { Kysely, Transaction } from 'kysely'
import { fromKysely, type PgBoss } from 'pg-boss'

import { shardQueue } from '../db/queue.ts'
import type { DB } from '../db/types.ts'

/** What pg-boss carries: state, checkpoint and attempts are in our tables, so a lost or doubled message does no harm. */
export interface ShardMessage {
  jobId: number
  shardKey: string
  /** A message older than its shard's activation is stale and is completed unread. */
  activation: number
}

/** A message as fetched from the queue. */
export interface Message {
  id: string
  /** Tells this delivery from an earlier one. */
  retryCount: number
  data: ShardMessage
}

/** The shard that ends the job; it has no row. */
export const finishKey = '~finish'

export async function sendShards(boss: PgBoss, trx: Transaction<DB>, messages: ShardMessage[]): Promise<void> {
  if (messages.length === 0) return
  const jobs = messages.map((data) => ({ id: messageId(data), data, group: groupOf(data.jobId) }))
  await boss.insert(shardQueue, jobs, { db: fromKysely(trx) })
}

/** Sent without a fixed id: a second one does no harm, since only a FINISHING job is ended. */
export async function sendFinish(boss: PgBoss, trx: Transaction<DB>, jobIds: number[]): Promise<void> {
  if (jobIds.length === 0) return
  const jobs = jobIds.map((jobId) => ({ data: { jobId, shardKey: finishKey, activation: 1 }, group: groupOf(jobId) }))
  await boss.insert(shardQueue, jobs, { db: fromKysely(trx) })
}

/** Takes up to `limit` messages; when the transaction fails, they are in the queue as before. */
export function fetchMessages(boss: PgBoss, trx: Transaction<DB>, limit: number, shares: Shares): Promise<Message[]> {
  return boss.fetch<ShardMessage>(shardQueue, { batchSize: limit, ...shares, db: fromKysely(trx) })
}

/** How many messages of one job may be in hand at a time, over all workers; `tiers` by job id where it differs. */
export interface Shares {
  groupConcurrency?: { default: number; tiers: Record<string, number> }
}

/**
 * Queues shards anew that were taken from a worker. What it had fetched for them is void by its activation; settled here, it need
 * not wait for its heartbeat to run out.
 */
export async function sendTaken(boss: PgBoss, trx: Transaction<DB>, taken: ShardMessage[]): Promise<void> {
  const before = taken.map((shard) => messageId({ ...shard, activation: shard.activation - 1 }))
  await completeMessages(boss, trx, before)
  await sendShards(boss, trx, taken)
}

export async function completeMessages(boss: PgBoss, db: Kysely<DB>, ids: string[]): Promise<void> {
  if (ids.length > 0) await boss.complete(shardQueue, ids, null, { db: fromKysely(db) })
}

/**
 * The message's id is made from what it says, so that sending twice is one message, and SQL can look for it:
 * `md5(job_id || '/' || key || '/' || activation)::uuid`.
 */
export function messageId({ jobId, shardKey, activation }: ShardMessage): string {
  const hex = createHash('md5').update(`${jobId}/${shardKey}/${activation}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A group is a job, so that slots go round by job; its tier is the job too, so that each job can have its own limit. */
function groupOf(jobId: number): { id: string; tier: string } {
  return { id: String(jobId), tier: String(jobId) }
}
