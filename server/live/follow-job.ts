import type { EventRow } from '../../db/event-list.ts'
import type { ResultKey, ResultRow } from '../../db/result-list.ts'
import { NotFound } from '../../jobs/refusals.ts'
import type { JobEventItem, Snapshot, Viewer } from '../../schema/live-feed.ts'
import { Follower, over, type Take } from './follower.ts'
import type { JobWatch } from './job-watch.ts'
import type { ResultTail } from './result-tail.ts'

/** Somebody who watches a job. */
export type Watcher = Pick<Follower<object>, 'wake' | 'closed'>

/** What a follower needs of those who read. */
export interface WatchedJobs {
  acquire(jobId: number, watcher: Watcher): JobWatch
  release(watch: JobWatch, watcher: Watcher): void
  /** Reads the job anew, with all events that there are; false when the watcher was closed over it. */
  refresh(watch: JobWatch, watcher: Watcher): Promise<boolean>
  /** A page of the log behind a number; undefined when the watcher was closed over it. */
  readLog(jobId: number, after: number, watcher: Watcher): Promise<EventRow[] | undefined>
  /** From now on results of the job are read with it, those behind the steps that its snapshot knows of. */
  followResults(watch: JobWatch): ResultTail
  /** A page of the results behind a key, up to a step; undefined when the watcher was closed over it. */
  readResults(jobId: number, after: ResultKey, upToStep: number, watcher: Watcher): Promise<ResultPage | undefined>
}

export interface ResultPage {
  rows: ResultRow[]
  /** Whether there may be more. */
  more: boolean
}

/**
 * What one subscriber of a job gets, as `LiveFeed.jobEvents` describes it. It keeps two things: the number of its last event, and its
 * last snapshot. All that it gives is shared with the others.
 */
export class JobFollower extends Follower<JobEventItem> {
  readonly #watches: WatchedJobs
  readonly #viewer: Viewer
  readonly #jobId: number
  #watch: JobWatch | undefined
  #seq: number | undefined
  #seen: Snapshot | undefined
  /** What was read for this subscriber alone, to be given first. */
  #pages: JobEventItem[] | undefined
  #refused = false

  constructor(
    watches: WatchedJobs,
    { viewer, jobId, after }: { viewer: Viewer; jobId: number; after: number | undefined },
  ) {
    super()
    this.#watches = watches
    this.#viewer = viewer
    this.#jobId = jobId
    this.#seq = after
  }

  protected advance(): Take<JobEventItem> {
    const watch = this.#watch
    if (!watch) return this.#begin()
    const first = this.#pages?.shift()
    if (first) {
      if ('type' in first) this.#seq = first.seq
      return first
    }
    this.#pages = undefined
    if (this.#refused || watch.gone) return over
    const seq = this.#seq!
    const next = seq > watch.lastSeq ? 'ahead' : watch.event(seq + 1)
    if (next === 'read' || next === 'ahead') return this.#read(watch, next === 'read' ? seq : undefined)
    if (next) {
      this.#seq = next.seq
      return next
    }
    if (this.#seen === watch.snapshot) return undefined
    this.#seen = watch.snapshot
    return this.#seen
  }

  protected leave(): void {
    if (this.#watch) this.#watches.release(this.#watch, this)
  }

  async #begin(): Promise<void> {
    const watch = this.#watches.acquire(this.#jobId, this)
    this.#watch = watch
    if (!(await this.#watches.refresh(watch, this)) || this.closed) return this.close()
    const { snapshot, latest } = watch
    if (watch.gone || latest?.owner !== this.#viewer.owner) {
      this.#refused = true
      this.#pages = [{ refusal: new NotFound(`There is no job ${this.#jobId}.`) }]
    } else if (this.#seq === undefined) {
      this.#seq = snapshot?.job.seq ?? watch.lastSeq
      this.#seen = snapshot
      if (snapshot) this.#pages = [snapshot]
    }
    return undefined
  }

  /** Reads what only the log has; `after` undefined: the subscriber is ahead of all there is. */
  async #read(watch: JobWatch, after: number | undefined): Promise<void> {
    const events = await this.#watches.readLog(this.#jobId, after ?? 0, this)
    if (!events) return this.close()
    if (after !== undefined && events[0]?.seq === after + 1) {
      // What the watch has not seen yet comes by it: nobody is ever ahead of it. A hole in the log is met by the next read.
      const end = events.findIndex(({ seq }, i) => seq > watch.lastSeq || seq !== after + 1 + i)
      this.#pages = end < 0 ? [...events] : events.slice(0, end)
      return undefined
    }
    this.#seq = watch.lastSeq
    this.#seen = watch.snapshot
    const resync = { firstSeq: events[0]?.seq ?? this.#seq + 1, lastSeq: this.#seq }
    // Where it has been let go of, the next one follows by itself.
    this.#pages = this.#seen ? [resync, this.#seen] : [resync]
    return undefined
  }
}
