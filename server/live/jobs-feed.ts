import type { JobFilter, JobRow } from '../../db/job-list.ts'
import type { JobsChangeItem, JobSource, Viewer } from '../../schema/live-feed.ts'
import { fingerprint } from './job-watch.ts'
import type { Waiter } from './waiter.ts'

/** So many jobs are remembered, to tell who had them in their list. */
const rememberedJobs = 5_000

interface Subscriber {
  viewer: Viewer
  filter: JobFilter
  waiter: Waiter
  /** The list must be loaded anew; sent before all else. */
  reload: boolean
  /** What is to be sent, the last change of each job. */
  pending: Map<number, JobsChangeItem>
}

const reloadItem: JobsChangeItem = { job: null, deletedId: null, matches: false, reload: true }

/** Changes of all jobs, for those who watch lists of them. Coalesced by job: a slow subscriber gets the last state of each. */
export class JobsFeed {
  readonly #subscribers = new Set<Subscriber>()
  readonly #known = new Map<number, JobRow>()
  readonly #present: (job: JobRow) => JobSource

  constructor(present: (job: JobRow) => JobSource) {
    this.#present = present
  }

  /** How many watch lists of jobs. */
  get watchers(): number {
    return this.#subscribers.size
  }

  /** Jobs that were not settled when last seen, and may have settled since. */
  unsettled(): number[] {
    return [...this.#known.values()].filter((job) => !settledStates.has(job.state)).map((job) => job.id)
  }

  /** Changes may have been missed. */
  reload(): void {
    this.#known.clear()
    for (const subscriber of this.#subscribers) {
      subscriber.reload = true
      subscriber.pending.clear()
      subscriber.waiter.wake()
    }
  }

  /** Takes in how a job is now; undefined where it does not exist. */
  update(jobId: number, job: JobRow | undefined): void {
    const before = this.#known.get(jobId)
    if (job && before && fingerprint(job) === fingerprint(before)) return
    this.#remember(jobId, job)
    const deleted: JobsChangeItem = { job: null, deletedId: jobId, matches: false, reload: false }
    const source = job && this.#present(job)
    const inside: JobsChangeItem = { job: source ?? null, deletedId: null, matches: true, reload: false }
    const left: JobsChangeItem = { ...inside, matches: false }
    for (const subscriber of this.#subscribers) {
      const { viewer, filter } = subscriber
      const known = job ?? before
      if (known && (known.owner !== viewer.owner || !passesButState(known, filter))) continue
      const matches = job !== undefined && passesState(job, filter)
      // Only the state of a job can change. One of which we know nothing may have been in the list.
      if (!matches && before && !passesState(before, filter)) continue
      subscriber.pending.set(jobId, job ? (matches ? inside : left) : deleted)
      subscriber.waiter.wake()
    }
  }

  async *follow(waiter: Waiter, viewer: Viewer, filter: JobFilter): AsyncGenerator<JobsChangeItem, void> {
    const subscriber: Subscriber = { viewer, filter, waiter, reload: true, pending: new Map() }
    this.#subscribers.add(subscriber)
    try {
      for (;;) {
        const [change] = subscriber.pending
        if (subscriber.reload) {
          subscriber.reload = false
          yield reloadItem
        } else if (change) {
          subscriber.pending.delete(change[0])
          yield change[1]
        } else if (!(await waiter.wait())) return
      }
    } finally {
      this.#subscribers.delete(subscriber)
      if (this.#subscribers.size === 0) this.#known.clear()
    }
  }

  /** Ends all subscriptions. */
  close(): void {
    for (const { waiter } of this.#subscribers) waiter.close()
  }

  #remember(jobId: number, job: JobRow | undefined): void {
    this.#known.delete(jobId)
    if (job) this.#known.set(jobId, job)
    if (this.#known.size <= rememberedJobs) return
    const oldest = this.#known.keys().next().value
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}

const settledStates = new Set(['PAUSED', 'CANCELLED', 'COMPLETED', 'FAILED'])

function passesState(job: JobRow, { states }: JobFilter): boolean {
  return !states || states.includes(job.state)
}

/** The same rules as the list's query. */
function passesButState(job: JobRow, { kinds, text }: JobFilter): boolean {
  if (kinds && !kinds.includes(job.kind)) return false
  const part = text?.trim().toLowerCase()
  return !part || job.title.toLowerCase().includes(part) || String(job.id) === part
}
