import type { Kysely } from 'kysely'

import { type JobRow, jobsById, lastJobId, unsettledJobIds } from '../../db/job-list.ts'
import type { DB } from '../../db/types.ts'
import type { JobsFeed } from './jobs-feed.ts'
import { oneAtATime } from './one-at-a-time.ts'

/** The feed tells of a job at most 4 times a second. */
const gapMs = 250

export interface JobsFeedReader {
  changed(jobIds: Iterable<number>): void
  /** Looks for changes that nobody told of. */
  poll(): void
  close(): void
}

/** Reads changed jobs for the feed, many at once. Does nothing while nobody watches. */
export function createJobsFeedReader(deps: {
  db: Kysely<DB>
  feed: JobsFeed
  sample: (job: JobRow) => void
  warn: (error: unknown) => void
}): JobsFeedReader {
  const { db, feed, sample, warn } = deps
  let changed = new Set<number>()
  let timer: NodeJS.Timeout | undefined
  let readAt = -Infinity
  /** Jobs up to this one are known of; undefined while nobody watches. */
  let youngest: number | undefined

  const read = oneAtATime(async () => {
    const ids = [...changed]
    changed = new Set()
    readAt = performance.now()
    if (ids.length === 0) return
    try {
      const jobs = await jobsById(db, ids)
      for (const id of ids) {
        const job = jobs.get(id)
        if (job) sample(job)
        feed.update(id, job)
      }
    } catch (error) {
      for (const id of ids) changed.add(id)
      throw error
    }
  })
  const tell = (jobIds: Iterable<number>) => {
    if (feed.watchers === 0) return
    for (const id of jobIds) changed.add(id)
    if (changed.size === 0) return
    timer ??= setTimeout(
      () => {
        timer = undefined
        read().catch(warn)
      },
      Math.max(0, readAt + gapMs - performance.now()),
    )
  }
  const look = oneAtATime(async () => {
    if (feed.watchers === 0) {
      youngest = undefined
      return
    }
    youngest ??= await lastJobId(db)
    const ids = await unsettledJobIds(db, youngest)
    youngest = Math.max(youngest, ...ids)
    tell([...ids, ...feed.unsettled()])
  })

  return {
    changed: tell,
    poll: () => void look().catch(warn),
    close: () => clearTimeout(timer),
  }
}
