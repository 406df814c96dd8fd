import type { Kysely } from 'kysely'

import { type EventRow, eventsBehind } from '../../db/event-list.ts'
import { type JobRow, jobsById } from '../../db/job-list.ts'
import type { DB } from '../../db/types.ts'
import type { JobSource } from '../../schema/live-feed.ts'
import type { WatchedJobs } from './follow-job.ts'
import { JobWatch } from './job-watch.ts'
import { oneAtATime } from './one-at-a-time.ts'
import type { Waiter } from './waiter.ts'

const retryMs = 1_000
/** Events of a job read at once. */
const pageSize = 200

export interface JobWatches extends WatchedJobs {
  /** Reads these jobs anew, those that are watched. */
  changed(jobIds: Iterable<number>): void
  /** Reads all anew; those that run get a snapshot even if nothing changed, since rates and waits do by themselves. */
  poll(): void
  /** How many jobs are watched, and by how many. */
  load(): { jobs: number; followers: number }
  close(): void
}

/** All jobs that are watched, read together: two statements a tick, however many jobs and watchers there are. */
export function createJobWatches(deps: {
  db: Kysely<DB>
  present: (job: JobRow) => JobSource
  /** Told of every job that was read. */
  sample: (job: JobRow) => void
  warn: (error: unknown) => void
}): JobWatches {
  const { db, present, sample, warn } = deps
  const watches = new Map<number, JobWatch>()
  /** Jobs to be read, and whether their snapshot is due even if nothing changed. */
  let marked = new Map<number, boolean>()

  /** Pages of logs that are being read. */
  const pages = new Map<string, Promise<EventRow[]>>()

  const read = async (marks: Map<number, boolean>) => {
    const live = [...marks.keys()].map((id) => watches.get(id)).filter((watch) => watch !== undefined && !watch.gone)
    if (live.length === 0) return
    const ids = live.map((watch) => watch!.jobId)
    // The job first, then its events: so a snapshot never knows of an event that its watchers have not had.
    const jobs = await jobsById(db, ids)
    const behind = live.flatMap((watch) => {
      const { jobId, lastSeq, snapshot } = watch!
      return snapshot && (jobs.get(jobId)?.seq ?? 0) > lastSeq ? [{ jobId, after: lastSeq }] : []
    })
    const events = Map.groupBy(behind.length > 0 ? await eventsBehind(db, behind, pageSize) : [], (e) => e.jobId)
    const sources = new Map<number, JobSource>()
    for (const [id, job] of jobs) {
      sample(job)
      sources.set(id, present(job))
    }
    // So that an event and the snapshot behind it leave together, in one piece for each subscriber.
    await Promise.all(live.map((watch) => watch!.asksForActivity && sources.get(watch!.jobId)?.activity?.()))
    for (const watch of live) {
      const job = sources.get(watch!.jobId)
      if (!job) watch!.end()
      else if (!watch!.takeIn(job, events.get(job.id) ?? [], marks.get(job.id) ?? false)) marked.set(job.id, false)
    }
    if (marked.size > 0) tick().catch(warn)
  }
  const tick = oneAtATime(async () => {
    const marks = marked
    marked = new Map()
    try {
      await read(marks)
    } catch (error) {
      for (const [id, due] of marks) marked.set(id, due || marked.get(id) === true)
      throw error
    }
  })
  const readAgain = (jobIds: Iterable<number>, due: boolean) => {
    let any = false
    for (const id of jobIds) {
      if (!watches.has(id)) continue
      marked.set(id, due || marked.get(id) === true)
      any = true
    }
    if (any) tick().catch(warn)
  }
  /** A reader waits out the time that the database is away; undefined where its waiter was closed over it. */
  const untilRead = async <T>(waiter: Waiter, attempt: () => Promise<T>): Promise<T | undefined> => {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        warn(error)
        if (!(await waiter.wait(retryMs))) return undefined
      }
    }
  }

  /** After a restart many come back that had all come equally far. */
  const readPage = (jobId: number, after: number) => {
    const name = `${jobId} ${after}`
    const page = pages.get(name) ?? eventsBehind(db, [{ jobId, after }], pageSize).finally(() => pages.delete(name))
    pages.set(name, page)
    return page
  }

  return {
    acquire(jobId, waiter) {
      const watch = watches.get(jobId) ?? new JobWatch(jobId)
      watches.set(jobId, watch)
      watch.waiters.add(waiter)
      return watch
    },
    release(watch, waiter) {
      watch.waiters.delete(waiter)
      if (watch.waiters.size > 0) return
      watch.stop()
      watches.delete(watch.jobId)
    },
    async refresh({ jobId }, waiter) {
      const read = await untilRead(waiter, async () => {
        marked.set(jobId, marked.get(jobId) === true)
        await tick()
        return true
      })
      return read === true
    },
    readLog: (jobId, after, waiter) => untilRead(waiter, () => readPage(jobId, after)),
    changed: (jobIds) => readAgain(jobIds, false),
    poll: () => readAgain(watches.keys(), true),
    load: () => ({
      jobs: watches.size,
      followers: watches.values().reduce((sum, watch) => sum + watch.waiters.size, 0),
    }),
    close() {
      for (const watch of watches.values()) watch.end()
    },
  }
}
