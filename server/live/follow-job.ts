import type { EventRow } from '../../db/event-list.ts'
import type { ResultKey, ResultRow } from '../../db/result-list.ts'
import { NotFound } from '../../jobs/refusals.ts'
import type { EventsWanted, JobEventItem, Snapshot, Viewer } from '../../schema/live-feed.ts'
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
  /** Number of the oldest event behind a number that the log has, null for none; undefined when the watcher was closed over it. */
  oldestBehind(jobId: number, after: number, watcher: Watcher): Promise<number | null | undefined>
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
 * last snapshot with how far it had come then. All that it gives is shared with the others.
 */
export class JobFollower extends Follower<JobEventItem> {
  readonly #watches: WatchedJobs
  readonly #viewer: Viewer
  readonly #jobId: number
  readonly #mostBehind: number
  #watch: JobWatch | undefined
  #seq: number | undefined
  #seen: Snapshot | undefined
  /** Number of its last event when it had its last snapshot, or began. */
  #seenAt = 0
  /** What was read for this subscriber alone, to be given first. */
  #pages: JobEventItem[] | undefined
  #refused = false

  constructor(
    watches: WatchedJobs,
    { viewer, jobId, after, mostBehind }: { viewer: Viewer; jobId: number } & EventsWanted,
  ) {
    super()
    this.#watches = watches
    this.#viewer = viewer
    this.#jobId = jobId
    this.#seq = after
    this.#seenAt = after ?? 0
    this.#mostBehind = mostBehind ?? Infinity
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
    // It is ahead of all there is.
    if (seq > watch.lastSeq) return this.#skip(watch, 0)
    if (seq < watch.lastSeq && watch.lastSeq - this.#seenAt > this.#mostBehind) {
      // What is said in their place goes with the next snapshot: so it is said as seldom as that.
      return watch.snapshot === undefined || watch.snapshot === this.#seen ? undefined : this.#skip(watch, seq)
    }
    const next = watch.event(seq + 1)
    if (next === 'read') return this.#read(watch, seq)
    if (next) {
      this.#seq = next.seq
      return next
    }
    if (this.#seen === watch.snapshot) return undefined
    this.#saw(watch.snapshot)
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
      this.#saw(snapshot)
      if (snapshot) this.#pages = [snapshot]
    }
    return undefined
  }

  #saw(snapshot: Snapshot | undefined): void {
    this.#seen = snapshot
    this.#seenAt = this.#seq!
  }

  /** Reads what only the log has. */
  async #read(watch: JobWatch, after: number): Promise<void> {
    const events = await this.#watches.readLog(this.#jobId, after, this)
    if (!events) return this.close()
    if (events[0]?.seq !== after + 1) return this.#passOver(watch, events[0]?.seq ?? null)
    // What the watch has not seen yet comes by it: nobody is ever ahead of it. A hole in the log is met by the next read.
    const end = events.findIndex(({ seq }, i) => seq > watch.lastSeq || seq !== after + 1 + i)
    this.#pages = end < 0 ? [...events] : events.slice(0, end)
    return undefined
  }

  /** Goes on from the end, instead of telling what lies behind `after`. */
  async #skip(watch: JobWatch, after: number): Promise<void> {
    const first = await this.#watches.oldestBehind(this.#jobId, after, this)
    return first === undefined ? this.close() : this.#passOver(watch, first)
  }

  /** Says where the events that are passed over begin, if they are there. */
  #passOver(watch: JobWatch, first: number | null): void {
    const { lastSeq, snapshot } = watch
    this.#seq = lastSeq
    this.#saw(snapshot)
    const resync = watch.resync(first ?? lastSeq + 1)
    // Where it has been let go of, the next one follows by itself.
    this.#pages = snapshot ? [resync, snapshot] : [resync]
  }
}
