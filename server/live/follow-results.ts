import { compareResultKeys, noResults, type ResultKey, resultKeyOf } from '../../db/result-list.ts'
import { NotFound } from '../../jobs/refusals.ts'
import type { JobResultsItem, Viewer } from '../../schema/live-feed.ts'
import type { WatchedJobs } from './follow-job.ts'
import type { ResultTail } from './result-tail.ts'
import type { Waiter } from './waiter.ts'

/** What one subscriber of a job's results gets, as `LiveFeed.jobResults` describes it. It keeps the
 * key of its last result alone; all that it yields of the tail is shared with the others. */
export async function* followResults(
  watches: WatchedJobs,
  waiter: Waiter,
  { viewer, jobId, after }: { viewer: Viewer; jobId: number; after: ResultKey | undefined },
): AsyncGenerator<JobResultsItem, void> {
  const watch = watches.acquire(jobId, waiter)
  let tail: ResultTail | undefined
  try {
    if (!(await watches.refresh(watch, waiter))) return
    const job = watch.latest
    if (watch.gone || !job || job.owner !== viewer.owner) {
      yield { refusal: new NotFound(`There is no job ${jobId}.`) }
      return
    }
    tail = watch.results ??= watches.followResults(watch)
    tail.followers++
    let at = after ?? noResults
    if (at[0] > job.steps) {
      // It stems from what is no longer there, as before a backup was restored.
      yield { firstSeq: job.seq + 1, lastSeq: job.seq }
      at = noResults
    }
    let toldEnd: unknown
    while (!watch.gone) {
      const next = tail.next(at)
      if (next === 'read') {
        const upTo = tail.last
        const page = await watches.readResults(jobId, at, upTo[0], waiter)
        if (!page) return
        const results = page.rows.filter((row) => compareResultKeys(resultKeyOf(row), upTo) <= 0)
        // Beyond the last of them, what is told to all goes on.
        at = page.more && results.length === page.rows.length ? resultKeyOf(results.at(-1)!) : upTo
        if (results.length > 0) yield { results, cursor: at, ended: false }
      } else if (next) {
        at = next.cursor
        if (next.results.length > 0) yield next
      } else if (tail.ended && toldEnd !== tail.ended) {
        toldEnd = tail.ended
        yield tail.ended
      } else if (!(await waiter.wait())) return
    }
  } finally {
    if (tail && --tail.followers === 0) watch.results = undefined
    watches.release(watch, waiter)
  }
}
