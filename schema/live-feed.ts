import type { EventRow } from '../db/event-list.ts'
import type { JobActivity } from '../db/job-activity.ts'
import type { JobFilter, JobRow } from '../db/job-list.ts'
import type { ResultKey, ResultRow } from '../db/result-list.ts'
import type { NotFound } from '../jobs/refusals.ts'

/** Who asks: users see only their own jobs. */
export interface Viewer {
  owner: string
}

/** A job as the API shows it. What the live feed knows of it is there already, shared by all who watch. */
export interface JobSource extends JobRow {
  /** Items a second by recent samples; undefined where nobody has sampled. */
  ratePerSecond?: number | null
  activity?: Activity
}

/** Read at the first call, once for all. */
export interface Activity {
  (): Promise<JobActivity>
  /** Whether anybody has called it. */
  asked?: boolean
}

export interface Snapshot {
  job: JobSource
}

export interface Resync {
  lastSeq: number
  firstSeq: number
}

/** What of the events of a job a subscriber wants to be told. */
export interface EventsWanted {
  /** Those behind that number. */
  after?: number | undefined
  /** So many between two snapshots at most. */
  mostBehind?: number | undefined
}

/** One payload of `jobEvents`. All subscribers of a job get the same objects. */
export type JobEventItem = Snapshot | EventRow | Resync | { refusal: NotFound }

/** So many results come at once at most. */
export const resultsAtOnce = 500

/** Results of a job, in committed order. */
export interface ResultBatch {
  results: ResultRow[]
  /** To go on from. */
  cursor: ResultKey
  /** The job has ended, and these are its last results. */
  ended: boolean
}

/** One payload of `jobResults`. */
export type JobResultsItem = ResultBatch | Resync | { refusal: NotFound }

/** One payload of `jobs`. */
export interface JobsChangeItem {
  job: JobSource | null
  deletedId: number | null
  matches: boolean
  reload: boolean
}

/** One payload of `forgotten`. */
export interface Forgettings {
  /** How often somebody has been forgotten. */
  forgotten: number
}

/** Live events: what subscriptions stand on. Iterators are pulled, hold no more than a cursor, and end by `return()`. */
export interface LiveFeed {
  /**
   * Without `after`: a snapshot, then the tail. With `after`: the events behind it, a snapshot, then the tail; a Resync and a
   * snapshot first where events behind it are gone. A Resync and a snapshot too, in the place of events, where more than `mostBehind` have
   * happened since the last snapshot. NotFound, and the end, where the viewer has no such job; the end when it is deleted.
   */
  jobEvents(viewer: Viewer, jobId: number, wanted?: EventsWanted): AsyncIterableIterator<JobEventItem>
  /**
   * The results behind `after`, or all, in batches; then those that come. An empty batch with `ended` when the job has ended and all are
   * told. A Resync, and then all, where `after` lies ahead of what there is. NotFound and the end as with `jobEvents`.
   */
  jobResults(viewer: Viewer, jobId: number, after?: ResultKey): AsyncIterableIterator<JobResultsItem>
  jobs(viewer: Viewer, filter: JobFilter): AsyncIterableIterator<JobsChangeItem>
  /** How often somebody has been forgotten, and the new number each time. What follows a job lets go of them by itself. */
  forgotten(): AsyncIterableIterator<Forgettings>
  /** Whether changes are heard of at once; otherwise they come by polling. */
  listening(): boolean
  /** Items a second over the last seconds; undefined where the job is not sampled. */
  ratePerSecond(jobId: number): number | undefined
}
