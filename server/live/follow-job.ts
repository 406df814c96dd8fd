import type { EventRow } from '../../db/event-list.ts'
import type { ResultKey, ResultRow } from '../../db/result-list.ts'
import { NotFound } from '../../jobs/refusals.ts'
import type { JobEventItem, Viewer } from '../../schema/live-feed.ts'
import type { JobWatch } from './job-watch.ts'
import type { ResultTail } from './result-tail.ts'
import type { Waiter } from './waiter.ts'

/** What a follower needs of those who read. */
export interface WatchedJobs {
  acquire(jobId: number, waiter: Waiter): JobWatch
  release(watch: JobWatch, waiter: Waiter): void
  /** Reads the job anew; false when the waiter was closed over it. */
  refresh(watch: JobWatch, waiter: Waiter): Promise<boolean>
  /** A page of the log behind a number; undefined when the waiter was closed over it. */
  readLog(jobId: number, after: number, waiter: Waiter): Promise<EventRow[] | undefined>
  /** From now on results of the job are read with it, those behind the steps that its snapshot knows of. */
  followResults(watch: JobWatch): ResultTail
  /** A page of the results behind a key, up to a step; undefined when the waiter was closed over it. */
  readResults(jobId: number, after: ResultKey, upToStep: number, waiter: Waiter): Promise<ResultPage | undefined>
}

export interface ResultPage {
  rows: ResultRow[]
  /** Whether there may be more. */
  more: boolean
}

/**
 * What one subscriber of a job gets, as `LiveFeed.jobEvents` describes it. It keeps two things: the number of its last event, and its
 * last snapshot. All that it yields is shared with the others.
 */
export async function* followJob(
  watches: WatchedJobs,
  waiter: Waiter,
  { viewer, jobId, after }: { viewer: Viewer; jobId: number; after: number | undefined },
): AsyncGenerator<JobEventItem, void> {
  const watch = watches.acquire(jobId, waiter)
  try {
    if (!(await watches.refresh(watch, waiter))) return
    let seen = watch.snapshot
    if (watch.gone || seen?.job.owner !== viewer.owner) {
      yield { refusal: new NotFound(`There is no job ${jobId}.`) }
      return
    }
    let seq = after ?? seen.job.seq
    if (after === undefined) yield seen
    else seen = undefined

    while (!watch.gone) {
      const next = seq > watch.lastSeq ? 'ahead' : watch.event(seq + 1)
      if (next === 'read' || next === 'ahead') {
        const events = await watches.readLog(jobId, next === 'read' ? seq : 0, waiter)
        if (!events) return
        if (next === 'read' && events[0]?.seq === seq + 1) {
          for (const event of events) {
            // What the watch has not seen yet comes by it: nobody is ever ahead of it. A hole in the log is met by the next read.
            if (event.seq > watch.lastSeq || event.seq !== seq + 1) break
            yield event
            seq = event.seq
          }
          continue
        }
        seq = watch.lastSeq
        seen = watch.snapshot!
        yield { firstSeq: events[0]?.seq ?? seq + 1, lastSeq: seq }
        yield seen
      } else if (next) {
        yield next
        seq = next.seq
      } else if (seen !== watch.snapshot) {
        seen = watch.snapshot!
        yield seen
      } else if (!(await waiter.wait())) return
    }
  } finally {
    watches.release(watch, waiter)
  }
}
