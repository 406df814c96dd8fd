import { setTimeout as sleep } from 'node:timers/promises'

import type { Kysely } from 'kysely'

import { eventsBehind, oldestBehind } from '../../db/event-list.ts'
import { type JobRow, jobsById } from '../../db/job-list.ts'
import { compareResultKeys, endOfStep, type ResultKey, resultKeyOf, resultsBehind } from '../../db/result-list.ts'
import type { DB } from '../../db/types.ts'
import { type JobSource, resultsAtOnce } from '../../schema/live-feed.ts'
import type { ResultPage, WatchedJobs, Watcher } from './follow-job.ts'
import { JobWatch } from './job-watch.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { ResultTail } from './result-tail.ts'

const retryMs = 1_000
/** Events of a job read at once. */
const pageSize = 200

const endStates = new Set(['COMPLETED', 'CANCELLED', 'FAILED'])

export interface JobWatches extends WatchedJobs {
  /** Reads these jobs anew, those that are watched. */
  changed(jobIds: Iterable<number>): void
  /** Reads all anew: a snapshot gets old even if nothing happens, since rates and waits change by themselves. */
  poll(): void
  /** Somebody was forgotten: what is in memory may name them, and is read anew. */
  letGo(): void
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
  /** Jobs to be read. */
  let marked = new Set<number>()
  /** How often somebody was forgotten. */
  let forgettings = 0

  const readPage = sharedReads((jobId: number, after: number) => eventsBehind(db, [{ jobId, after }], pageSize))
  const readOldest = sharedReads((jobId: number, after: number) => oldestBehind(db, jobId, after))
  const readResults = sharedReads(async (jobId: number, after: ResultKey, upToStep: number): Promise<ResultPage> => {
    const rows = await resultsBehind(db, jobId, { after, upToStep, limit: resultsAtOnce })
    return { rows, more: rows.length === resultsAtOnce }
  })

  const read = async (jobIds: Set<number>) => {
    const live = [...jobIds].map((id) => watches.get(id)).filter((watch) => watch !== undefined && !watch.gone)
    if (live.length === 0) return
    const ids = live.map((watch) => watch!.jobId)
    const before = forgettings
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
    const asking = live.filter((watch) => watch!.asksForActivity)
    await Promise.all(asking.map((watch) => sources.get(watch!.jobId)?.activity?.() ?? Promise.resolve()))
    // What was being read meanwhile may name them still; all are marked.
    if (forgettings > before) return
    for (const watch of live) {
      const job = sources.get(watch!.jobId)
      if (!job) end(watch!)
      else if (!watch!.takeIn(job, events.get(job.id) ?? [])) marked.add(job.id)
    }
    await Promise.all(live.map((watch) => readTail(watch!, sources.get(watch!.jobId))))
    if (forgettings > before) for (const watch of live) watch!.letGo()
    if (marked.size > 0) tick().catch(warn)
  }
  /** Its job does not exist. Who comes later finds out anew, however long those stay who watch it. */
  const end = (watch: JobWatch) => {
    watches.delete(watch.jobId)
    watch.end()
  }
  const readTail = async (watch: JobWatch, job: JobSource | undefined) => {
    const tail = watch.results
    if (!tail || !job) return
    let more = false
    let news = false
    if (compareResultKeys(tail.seen, endOfStep(job.steps)) < 0) {
      const page = await readResults(job.id, tail.seen, job.steps)
      more = page.more
      news = tail.takeIn(page.rows, more ? resultKeyOf(page.rows.at(-1)!) : endOfStep(job.steps))
    }
    if (more) marked.add(job.id)
    else if (tail.end(endStates.has(job.state))) news = true
    if (news) watch.wakeAll()
  }
  const tick = oneAtATime(async () => {
    const jobIds = marked
    marked = new Set()
    try {
      await read(jobIds)
    } catch (error) {
      for (const id of jobIds) marked.add(id)
      throw error
    }
  })
  const readAgain = (jobIds: Iterable<number>) => {
    let any = false
    for (const id of jobIds) {
      if (!watches.has(id)) continue
      marked.add(id)
      any = true
    }
    if (any) tick().catch(warn)
  }
  let warnedAt = 0
  /** Thousands of readers that wait for the database are one line a second. */
  const warnOnce = (error: unknown) => {
    if (Date.now() - warnedAt < retryMs) return
    warnedAt = Date.now()
    warn(error)
  }
  /** A reader waits out the time that the database is away; undefined where its watcher was closed over it. */
  const untilRead = async <T>(watcher: Watcher, attempt: () => Promise<T>): Promise<T | undefined> => {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        warnOnce(error)
        await sleep(retryMs, undefined, { ref: false })
        if (watcher.closed) return undefined
      }
    }
  }

  return {
    acquire(jobId, watcher) {
      const watch = watches.get(jobId) ?? new JobWatch(jobId)
      watches.set(jobId, watch)
      watch.watchers.add(watcher)
      return watch
    },
    release(watch, watcher) {
      watch.watchers.delete(watcher)
      if (watch.watchers.size > 0) return
      watch.stop()
      if (watches.get(watch.jobId) === watch) watches.delete(watch.jobId)
    },
    async refresh(watch, watcher) {
      const { jobId } = watch
      const readOnce = async () => {
        marked.add(jobId)
        await tick()
        return true
      }
      do {
        if ((await untilRead(watcher, readOnce)) !== true) return false
      } while ((watch.behind || !watch.snapshot) && !watch.gone && !watcher.closed)
      return true
    },
    readLog: (jobId, after, watcher) => untilRead(watcher, () => readPage(jobId, after)),
    oldestBehind: (jobId, after, watcher) => untilRead(watcher, () => readOldest(jobId, after)),
    followResults(watch) {
      const { steps, state } = watch.latest!
      const tail = new ResultTail(endOfStep(steps))
      tail.end(endStates.has(state))
      return tail
    },
    readResults: (jobId, after, upToStep, watcher) => untilRead(watcher, () => readResults(jobId, after, upToStep)),
    changed: readAgain,
    poll: () => readAgain(watches.keys()),
    letGo() {
      forgettings++
      for (const watch of watches.values()) watch.letGo()
      readAgain(watches.keys())
    },
    load: () => ({
      jobs: watches.size,
      followers: watches.values().reduce((sum, watch) => sum + watch.watchers.size, 0),
    }),
    close() {
      for (const watch of watches.values()) watch.end()
    },
  }
}

/** Those who ask for the same while it is being read share the answer: after a restart many come back who had come equally far. */
function sharedReads<Args extends readonly unknown[], Answer>(read: (...args: Args) => Promise<Answer>) {
  const reading = new Map<string, Promise<Answer>>()
  return (...args: Args): Promise<Answer> => {
    const name = JSON.stringify(args)
    const answer = reading.get(name) ?? read(...args).finally(() => reading.delete(name))
    reading.set(name, answer)
    return answer
  }
}
