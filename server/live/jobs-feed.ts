import type { JobFilter, JobRow } from '../../db/job-list.ts'
import type { JobsChangeItem, JobSource, Viewer } from '../../schema/live-feed.ts'
import { Follower, type Take } from './follower.ts'
import { fingerprint } from './job-watch.ts'

/** So many jobs are remembered, to tell who had them in their list. */
const rememberedJobs = 5_000

const reloadItem: JobsChangeItem = { job: null, deletedId: null, matches: false, reload: true }

/** Changes of all jobs, for those who watch lists of them. Coalesced by job: a slow subscriber gets the last state of each. */
export class JobsFeed {
  readonly #subscribers = new Set<ListFollower>()
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
      subscriber.reload()
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
      subscriber.tell(jobId, job ? (matches ? inside : left) : deleted)
    }
  }

  follow(viewer: Viewer, filter: JobFilter): Follower<JobsChangeItem> {
    return new ListFollower(viewer, filter, {
      enter: (follower) => void this.#subscribers.add(follower),
      leave: (follower) => {
        this.#subscribers.delete(follower)
        if (this.#subscribers.size === 0) this.#known.clear()
      },
    })
  }

  /** Ends all subscriptions. */
  close(): void {
    for (const subscriber of this.#subscribers) subscriber.close()
  }

  #remember(jobId: number, job: JobRow | undefined): void {
    this.#known.delete(jobId)
    if (job) this.#known.set(jobId, job)
    if (this.#known.size <= rememberedJobs) return
    const oldest = this.#known.keys().next().value
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}

interface FollowerList {
  enter(follower: ListFollower): void
  leave(follower: ListFollower): void
}

/** What one who watches a list of jobs gets: the last change of each job. */
class ListFollower extends Follower<JobsChangeItem> {
  readonly viewer: Viewer
  readonly filter: JobFilter
  readonly #list: FollowerList
  readonly #pending = new Map<number, JobsChangeItem>()
  #entered = false
  /** The list must be loaded anew; told before all else. */
  #reload = true

  constructor(viewer: Viewer, filter: JobFilter, list: FollowerList) {
    super()
    this.viewer = viewer
    this.filter = filter
    this.#list = list
  }

  reload(): void {
    this.#reload = true
    this.#pending.clear()
    this.wake()
  }

  tell(jobId: number, change: JobsChangeItem): void {
    this.#pending.set(jobId, change)
    this.wake()
  }

  protected advance(): Take<JobsChangeItem> {
    if (!this.#entered) this.#list.enter(this)
    this.#entered = true
    if (this.#reload) {
      this.#reload = false
      return reloadItem
    }
    const [change] = this.#pending
    if (!change) return undefined
    this.#pending.delete(change[0])
    return change[1]
  }

  protected leave(): void {
    this.#list.leave(this)
  }
}

const settledStates = new Set(['PAUSED', 'CANCELLED', 'COMPLETED', 'FAILED'])

function passesState(job: JobRow, { states }: JobFilter): boolean {
  return !states || states.includes(job.state)
}

/** The same rules as the list's query. */
function passesButState(job: JobRow, { kinds, text, owner, createdFrom, createdTo }: JobFilter): boolean {
  if (kinds && !kinds.includes(job.kind)) return false
  if (owner !== undefined && job.owner !== owner) return false
  if ((createdFrom && job.createdAt < createdFrom) || (createdTo && job.createdAt >= createdTo)) return false
  const part = text?.trim().toLowerCase()
  return !part || job.title.toLowerCase().includes(part) || String(job.id) === part
}
