import type { EventRow } from '../../db/event-list.ts'
import type { JobRow } from '../../db/job-list.ts'
import type { JobSource, Resync, Snapshot } from '../../schema/live-feed.ts'
import { type Follower, wakeInTurns } from './follower.ts'
import type { ResultTail } from './result-tail.ts'

/** So many events of a watched job stay in memory; who is further behind reads from the log. */
const ringSize = 500
/** At most 4 snapshots a second. */
const snapshotGapMs = 250
/** What a running job is said to do and how fast it is gets old even if nothing changes: a snapshot older than that is renewed by the next look at the job. */
const staleMs = 1_500
/** A snapshot goes along with the events before it, in one piece for each watcher. With more watchers it would hold the events up for the last of them: it comes when they have arrived. */
const watchersAtOnce = 3_000
/** What it takes to tell one of many, and for it to hear. */
const msPerWatcher = 0.03

/**
 * One job that is watched: its last events and its last snapshot, for however many watch it. Each of them is but a number, the last
 * event that it has had.
 */
export class JobWatch {
  readonly jobId: number
  /** Number of the last event that is known. */
  lastSeq = 0
  /** None until the job has been read, at first and after `letGo`. It is never ahead of `lastSeq`. */
  snapshot: Snapshot | undefined
  /** The job does not exist, or no longer. */
  gone = false
  /** There are events that it has not taken in yet: who comes now must not be measured by it. */
  behind = false
  /** Its last results; undefined while nobody follows them. */
  results: ResultTail | undefined
  readonly watchers = new Set<Pick<Follower<object>, 'wake'>>()
  readonly wakeAll = wakeInTurns(this.watchers)
  #ring: EventRow[] = []
  #latest: JobSource | undefined
  #resync: Resync | undefined
  #publishedAt = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(jobId: number) {
    this.jobId = jobId
  }

  /** The job as it was last read. */
  get latest(): JobSource | undefined {
    return this.#latest
  }

  /** Whether a snapshot could be published now, and whether the last one was asked for what its workers do. */
  get asksForActivity(): boolean {
    return this.snapshot?.job.activity?.asked === true && this.#waitMs() <= 0
  }

  /** The event of that number, `read` where only the log has it, undefined where there is none yet. */
  event(seq: number): EventRow | 'read' | undefined {
    if (seq > this.lastSeq) return undefined
    const first = this.#ring[0]?.seq ?? this.lastSeq + 1
    return seq < first ? 'read' : this.#ring[seq - first]
  }

  /** Tells somebody who has had no event from that number on to go on behind the last: the same object to all who have come equally far. */
  resync(firstSeq: number): Resync {
    const { lastSeq } = this
    if (this.#resync?.firstSeq !== firstSeq || this.#resync.lastSeq !== lastSeq) this.#resync = { firstSeq, lastSeq }
    return this.#resync
  }

  /** Takes in how the job is and the events behind `lastSeq`, or the first of them. False where there are more. */
  takeIn(job: JobSource, events: EventRow[]): boolean {
    this.behind = false
    // New to us, or let go of; or set back, as by a restored backup; or pruned up to its end.
    if (!this.snapshot || job.seq < this.lastSeq || (job.seq > this.lastSeq && events.length === 0)) {
      this.#start(job)
      return true
    }
    this.#append(events)
    this.behind = job.seq > this.lastSeq
    const stale = job.state === 'RUNNING' && performance.now() - this.#publishedAt > staleMs
    const news = !this.behind && (stale || fingerprint(job) !== fingerprint(this.#latest))
    if (!this.behind) this.#latest = job
    const many = events.length > 0 && this.watchers.size > watchersAtOnce
    const waitMs = Math.max(this.#waitMs(), many ? this.watchers.size * msPerWatcher : 0)
    if (news && waitMs < 1) this.#publish()
    else {
      if (news) this.#timer ??= setTimeout(() => this.#publish(), waitMs)
      if (events.length > 0) this.wakeAll()
    }
    return !this.behind
  }

  #start(job: JobSource): void {
    this.#ring = []
    this.lastSeq = job.seq
    this.#latest = job
    this.#publish()
  }

  #append(events: EventRow[]): void {
    for (const event of events) {
      // A gap: the log was pruned under us. Who needs what is missing finds that out in the log.
      if (event.seq !== this.lastSeq + 1) this.#ring = []
      this.#ring.push(event)
      this.lastSeq = event.seq
    }
    if (this.#ring.length > ringSize) this.#ring.splice(0, this.#ring.length - ringSize)
  }

  /** Texts in the database have changed: job, events and results are there to be read. */
  letGo(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.snapshot = undefined
    this.#ring = []
    this.results?.letGo()
  }

  end(): void {
    this.gone = true
    clearTimeout(this.#timer)
    this.wakeAll()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #publish(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#publishedAt = performance.now()
    this.snapshot = { job: this.#latest! }
    this.wakeAll()
  }

  #waitMs(): number {
    return this.#publishedAt + snapshotGapMs - performance.now()
  }
}

/** Differs where anything that is shown differs. */
export function fingerprint(job: JobRow | undefined): string {
  if (!job) return ''
  const { state, phase, seq, total, done, succeeded, failed, skipped, bytesDone, results, updatedAt } = job
  return [state, phase, seq, total, done, succeeded, failed, skipped, bytesDone, results, updatedAt.getTime()].join(' ')
}
