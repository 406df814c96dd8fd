import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { EventRow } from '../../db/event-list.ts'
import type { JobEventItem, JobSource } from '../../schema/live-feed.ts'
import { JobFollower, type WatchedJobs } from './follow-job.ts'
import { over } from './follower.ts'
import { JobWatch } from './job-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a steady stream: so many events between two snapshots, and what is more is passed over with the next', async () => {
  const stage = await opened({ mostBehind: 10 })
  expect(await stage.told()).toEqual(['snapshot 0'])
  vi.advanceTimersByTime(1_000)
  stage.happen(4)
  expect(await stage.told()).toEqual([1, 2, 3, 4, 'snapshot 4'])
  stage.happen(8)
  expect(await stage.told(), 'at once').toEqual([5, 6, 7, 8, 9, 10, 11, 12])
  for (let i = 0; i < 5; i++) stage.happen(8)
  expect(await stage.told(), 'they wait for the snapshot').toEqual([])
  vi.advanceTimersByTime(250)
  expect(await stage.told()).toEqual(['13 to 52', 'snapshot 52'])
  stage.happen(2)
  expect(await stage.told()).toEqual([53, 54])
})

test('however long a burst lasts, each snapshot is told', async () => {
  const stage = await opened({ mostBehind: 10 })
  await stage.told()
  const told: (number | string)[] = []
  for (let ms = 0; ms < 5_000; ms += 25) {
    vi.advanceTimersByTime(25)
    stage.happen(75)
    told.push(...(await stage.told()))
  }
  expect(told.filter((item) => String(item).startsWith('snapshot')).length).toBeGreaterThanOrEqual(18)
  expect(told.filter((item) => typeof item === 'number').length).toBeLessThanOrEqual(21 * 10)
})

test('where more lies behind `after`, it is passed over at once', async () => {
  const stage = await opened({ after: 3, mostBehind: 10 }, 40)
  expect(await stage.told()).toEqual(['4 to 40', 'snapshot 40'])
  expect(stage.pagesRead(), 'of what is not told').toBe(0)
  const near = await opened({ after: 38, mostBehind: 10 }, 40)
  expect(await near.told()).toEqual([39, 40, 'snapshot 40'])
})

test('all who have come equally far are told to go on by the same object', async () => {
  const stage = await opened({ after: 3, mostBehind: 10 }, 40)
  const other = stage.follow({ after: 3, mostBehind: 20 })
  expect(await next(other)).toBe(await next(stage.follower))
})

test('without mostBehind nothing is passed over', async () => {
  const stage = await opened({ after: 0 }, 900)
  expect(await stage.told()).toEqual([...Array.from({ length: 900 }, (_, i) => i + 1), 'snapshot 900'])
})

/** A follower of a job that has had so many events. */
async function opened(wanted: { after?: number; mostBehind?: number }, had = 0) {
  const log: EventRow[] = []
  const write = (count: number) => {
    const added = Array.from(
      { length: count },
      (_, i) => ({ jobId: 1, type: 'note', seq: log.length + 1 + i }) as EventRow,
    )
    log.push(...added)
    return added
  }
  const job = () =>
    ({ id: 1, owner: 'me', state: 'RUNNING', seq: log.length, updatedAt: new Date(0) }) as unknown as JobSource
  const watch = new JobWatch(1)
  let pagesRead = 0
  write(had)
  const watches = {
    acquire: () => watch,
    release() {},
    refresh() {
      if (!watch.snapshot) watch.takeIn(job(), [])
      return Promise.resolve(true)
    },
    readLog(_jobId, after) {
      pagesRead++
      return Promise.resolve(log.slice(after, after + 200))
    },
    oldestBehind: (_jobId, after) => Promise.resolve(log[after]?.seq ?? null),
  } as Partial<WatchedJobs> as WatchedJobs
  const follow = (asked: typeof wanted) => new JobFollower(watches, { viewer: { owner: 'me' }, jobId: 1, ...asked })
  const follower = follow(wanted)
  return {
    follower,
    follow,
    pagesRead: () => pagesRead,
    happen(count: number) {
      const events = write(count)
      watch.takeIn(job(), events)
    },
    /** All that it has to tell now, in short. */
    async told() {
      const items: (number | string)[] = []
      for (;;) {
        const item = await next(follower)
        if (!item) return items
        if ('type' in item) items.push(item.seq)
        else if ('job' in item) items.push(`snapshot ${item.job.seq}`)
        else if ('lastSeq' in item) items.push(`${item.firstSeq} to ${item.lastSeq}`)
      }
    },
  }
}

async function next(follower: JobFollower): Promise<JobEventItem | undefined> {
  for (;;) {
    const item = follower.take()
    if (item === over) return undefined
    if (!(item instanceof Promise)) return item
    await item
  }
}
