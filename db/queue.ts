import type { QueueOptions } from 'pg-boss'

/** The one pg-boss queue: it carries which shard to run next; everything else about a shard is in our own tables. */
export const shardQueue = 'shards'

/** Where pg-boss has its tables. */
export const queueSchema = 'pgboss'

export const shardQueueOptions = {
  // a crash is no attempt: how often a shard is tried is counted in job_shards
  retryLimit: 1_000_000,
  retryDelay: 0,
  // the least that pg-boss takes; a second net below the workers' advisory locks
  heartbeatSeconds: 10,
  // it takes less than a day; the heartbeat tells of a dead worker long before
  expireInSeconds: 86_000,
  deleteAfterSeconds: 3600,
} satisfies QueueOptions
