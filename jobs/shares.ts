import type { Demand, SharedLoad } from '../db/workers.ts'
import type { Shares } from './queue.ts'

/**
 * Slots go round by job: each gets what it can use, up to an equal share of what the more modest leave over. What a job has parked
 * without a slot comes on top. One job alone has no limit.
 */
export function sharesOf({ slots, parked, wants }: Demand): Shares {
  if (wants.length < 2) return {}
  const tiers: Record<string, number> = {}
  let left = slots
  let jobs = wants.length
  let share = 1
  for (const want of wants.toSorted((a, b) => a.slots - b.slots)) {
    share = Math.max(1, Math.ceil(left / jobs))
    tiers[want.jobId] = Math.min(want.slots, share)
    left -= tiers[want.jobId]!
    jobs--
  }
  for (const counts of parked)
    for (const [jobId, count] of Object.entries(counts)) tiers[jobId] = (tiers[jobId] ?? share) + count
  // A job that was not there when the demand was read.
  return { groupConcurrency: { default: Math.max(1, Math.ceil(slots / (wants.length + 1))), tiers } }
}

/** Whether there may be fewer shards than slots, so that it matters who takes them. */
export function isScarce({ slots, wants }: Demand): boolean {
  return wants.reduce((sum, want) => sum + want.slots, 0) < slots
}

/** How many of the queued shards are for a worker that runs `mine`, so that all workers run equally many. */
export function fairPart({ workers, running, queued }: SharedLoad, mine: number): number {
  return Math.max(0, Math.ceil((running + queued) / Math.max(1, workers)) - mine)
}
