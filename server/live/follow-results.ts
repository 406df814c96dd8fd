import { compareResultKeys, noResults, type ResultKey, resultKeyOf } from '../../db/result-list.ts'
import { NotFound } from '../../jobs/refusals.ts'
import type { JobResultsItem, Viewer } from '../../schema/live-feed.ts'
import type { WatchedJobs } from './follow-job.ts'
import { Follower, over, type Take } from './follower.ts'
import type { JobWatch } from './job-watch.ts'
import type { ResultTail } from './result-tail.ts'

/**
 * What one subscriber of a job's results gets, as `LiveFeed.jobResults` describes it. It keeps the key of its last result alone; all that
 * it gives of the tail is shared with the others.
 */
export class ResultsFollower extends Follower<JobResultsItem> {
  readonly #watches: WatchedJobs
  readonly #viewer: Viewer
  readonly #jobId: number
  #watch: JobWatch | undefined
  #tail: ResultTail | undefined
  #at: ResultKey
  #toldEnd: unknown
  /** What is for this subscriber alone, to be given first. */
  #first: JobResultsItem | undefined

  constructor(
    watches: WatchedJobs,
    { viewer, jobId, after }: { viewer: Viewer; jobId: number; after: ResultKey | undefined },
  ) {
    super()
    this.#watches = watches
    this.#viewer = viewer
    this.#jobId = jobId
    this.#at = after ?? noResults
  }

  protected advance(): Take<JobResultsItem> {
    const watch = this.#watch
    if (!watch) return this.#begin()
    const first = this.#first
    if (first) {
      this.#first = undefined
      return first
    }
    const tail = this.#tail
    if (!tail || watch.gone) return over
    for (;;) {
      const next = tail.next(this.#at)
      if (next === 'read') return this.#read(tail)
      if (!next) break
      this.#at = next.cursor
      if (next.results.length > 0) return next
    }
    if (!tail.ended || this.#toldEnd === tail.ended) return undefined
    this.#toldEnd = tail.ended
    return tail.ended
  }

  protected leave(): void {
    if (!this.#watch) return
    if (this.#tail && --this.#tail.followers === 0) this.#watch.results = undefined
    this.#watches.release(this.#watch, this)
  }

  async #begin(): Promise<void> {
    const watch = this.#watches.acquire(this.#jobId, this)
    this.#watch = watch
    if (!(await this.#watches.refresh(watch, this)) || this.closed) return this.close()
    const job = watch.latest
    if (watch.gone || !job || job.owner !== this.#viewer.owner) {
      this.#first = { refusal: new NotFound(`There is no job ${this.#jobId}.`) }
      return undefined
    }
    this.#tail = watch.results ??= this.#watches.followResults(watch)
    this.#tail.followers++
    if (this.#at[0] > job.steps) {
      // It stems from what is no longer there, as before a backup was restored.
      this.#first = { firstSeq: job.seq + 1, lastSeq: job.seq }
      this.#at = noResults
    }
    return undefined
  }

  async #read(tail: ResultTail): Promise<void> {
    const upTo = tail.last
    const page = await this.#watches.readResults(this.#jobId, this.#at, upTo[0], this)
    if (!page) return this.close()
    const results = page.rows.filter((row) => compareResultKeys(resultKeyOf(row), upTo) <= 0)
    // Beyond the last of them, what is told to all goes on.
    this.#at = page.more && results.length === page.rows.length ? resultKeyOf(results.at(-1)!) : upTo
    if (results.length > 0) this.#first = { results, cursor: this.#at, ended: false }
    return undefined
  }
}
