import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { z } from 'zod'

import { type JobActivity, jobActivities } from '../db/job-activity.ts'
import type { JobRow } from '../db/job-list.ts'
import { countForgettings } from '../db/suppressions.ts'
import type { DB } from '../db/types.ts'
import { channels } from '../jobs/notices.ts'
import { batched } from '../schema/batched.ts'
import type { Activity, JobSource, LiveFeed } from '../schema/live-feed.ts'
import { JobFollower } from './live/follow-job.ts'
import { ResultsFollower } from './live/follow-results.ts'
import { createForgettingsFeed } from './live/forgettings.ts'
import { createJobWatches } from './live/job-watches.ts'
import { createJobsFeedReader } from './live/jobs-feed-reader.ts'
import { JobsFeed } from './live/jobs-feed.ts'
import { listenForEver } from './live/notice-listener.ts'
import { createRates } from './live/rates.ts'

/** A notice is only a hint: one that was lost costs no more than this. */
const pollMs = 2_000

export interface Live extends LiveFeed {
  /** How long the last notice to ourselves was on its way. */
  noticeLagMs(): number
  /** How many jobs are followed, by how many subscribers, and how many watch lists of jobs. */
  load(): { jobs: number; followers: number; lists: number }
  /** Ends all subscriptions and the connection. */
  close(): Promise<void>
}

/**
 * The hub of live events: one connection that listens, a direct one (`url`, no pooler), and one read of all watched jobs a tick,
 * however many watch them. Resolves once it listens.
 */
export async function createLive({ url, db, log }: { url: string; db: Kysely<DB>; log: Logger }): Promise<Live> {
  const rates = createRates()
  const sample = (job: JobRow) => rates.sample(job.id, job.done)
  const warn = (error: unknown) => log.warn({ err: error }, 'live events cannot be read; trying again')
  const readActivity = batched(async (ids: number[]) => {
    const activities = await jobActivities(db, [...new Set(ids)])
    return ids.map((id) => activities.get(id)!)
  })
  const present = (job: JobRow): JobSource => {
    let read: Promise<JobActivity> | undefined
    const activity: Activity = () => {
      activity.asked = true
      return (read ??= readActivity(job.id))
    }
    return { ...job, ratePerSecond: rates.of(job.id) ?? null, activity }
  }

  const watches = createJobWatches({ db, present, sample, warn })
  const feed = new JobsFeed(present)
  const forgettings = createForgettingsFeed({
    count: () => countForgettings(db),
    onChange() {
      watches.letGo()
      feed.reload()
    },
    warn,
  })
  const feedReader = createJobsFeedReader({ db, feed, sample, warn })
  const poll = () => {
    watches.poll()
    feedReader.poll()
    rates.forgetStale()
  }
  const listener = await listenForEver({
    url,
    channels: [channels.jobs, channels.forgotten],
    log,
    onNotice(channel, payload) {
      if (channel === channels.forgotten) return void forgettings.read()
      const ids = changedJobs(payload)
      watches.changed(ids)
      feedReader.changed(ids)
    },
    onGap() {
      feed.reload()
      poll()
      void forgettings.read()
    },
  })
  await forgettings.read()
  const timer = setInterval(poll, pollMs)

  return {
    jobEvents: (viewer, jobId, wanted) => new JobFollower(watches, { viewer, jobId, ...wanted }),
    jobResults: (viewer, jobId, after) => new ResultsFollower(watches, { viewer, jobId, after }),
    jobs: (viewer, filter) => feed.follow(viewer, filter),
    forgotten: () => forgettings.follow(),
    ratePerSecond: rates.of,
    listening: listener.listening,
    noticeLagMs: listener.lagMs,
    load: () => ({ ...watches.load(), lists: feed.watchers }),
    async close() {
      clearInterval(timer)
      feedReader.close()
      watches.close()
      feed.close()
      forgettings.close()
      await listener.close()
    },
  }
}

const notice = z.object({ j: z.array(z.tuple([z.int(), z.int()])) })

/** Ids of the jobs in a notice; none where it is not one of ours. */
function changedJobs(payload: string): number[] {
  try {
    return notice.parse(JSON.parse(payload)).j.map(([jobId]) => jobId)
  } catch {
    return []
  }
}
