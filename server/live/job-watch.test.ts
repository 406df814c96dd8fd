import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { EventRow } from '../../db/event-list.ts'
import type { JobRow } from '../../db/job-list.ts'
import { JobWatch } from './job-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('begins behind the last event of a job, with a snapshot', () => {
  const watch = new JobWatch(1)
  expect(watch.takeIn(job({ seq: 7 }), [])).toBe(true)
  expect(watch).toMatchObject({ lastSeq: 7, snapshot: { job: { seq: 7 } } })
  expect(watch.event(8)).toBeUndefined()
  expect(watch.event(7)).toBe('read')
})

test('keeps the last 500 events', () => {
  const watch = started()
  watch.takeIn(job({ seq: 600 }), events(1, 600))
  expect(watch.event(100)).toBe('read')
  expect(watch.event(101)).toMatchObject({ seq: 101 })
  expect(watch.event(600)).toMatchObject({ seq: 600 })
  expect(watch.event(601)).toBeUndefined()
})

test('says when it has not had all events, and holds the snapshot back until it has', () => {
  const watch = started()
  vi.advanceTimersByTime(1_000)
  expect(watch.takeIn(job({ seq: 4, done: 4 }), events(1, 2))).toBe(false)
  expect(watch.snapshot?.job.done).toBe(0)
  expect(watch.takeIn(job({ seq: 4, done: 4 }), events(3, 4))).toBe(true)
  expect(watch.snapshot?.job.done).toBe(4)
})

test('an event and the snapshot behind it are there together; with thousands of watchers the snapshot comes after them', () => {
  const watch = started()
  const seen: [event: boolean, done: number | undefined][] = []
  const watcher = { wake: () => void seen.push([watch.event(watch.lastSeq) !== 'read', watch.snapshot?.job.done]) }
  watch.watchers.add(watcher)
  vi.advanceTimersByTime(1_000)
  watch.takeIn(job({ seq: 1, done: 1 }), events(1, 1))
  expect(seen).toEqual([[true, 1]])
  for (let i = 0; i < 5_000; i++) watch.watchers.add({ wake() {} })
  vi.advanceTimersByTime(1_000)
  watch.takeIn(job({ seq: 2, done: 2 }), events(2, 2))
  expect(seen.slice(1)).toEqual([[true, 1]])
  vi.advanceTimersByTime(1_000)
  expect(seen.slice(2)).toEqual([[true, 2]])
})

test('publishes at most 4 snapshots a second, and the last state always', () => {
  const watch = started()
  const seen = new Set<unknown>()
  for (let i = 1; i <= 100; i++) {
    vi.advanceTimersByTime(10)
    watch.takeIn(job({ done: i }), [])
    seen.add(watch.snapshot)
  }
  expect(seen.size).toBeLessThanOrEqual(5)
  vi.advanceTimersByTime(250)
  expect(watch.snapshot?.job.done).toBe(100)
})

test('lets go of what a person who was forgotten may stand in: job and events are read anew', () => {
  const watch = started()
  watch.takeIn(job({ seq: 3 }), events(1, 3))
  const before = watch.snapshot
  watch.letGo()
  // What was to be told a moment later is not told either.
  vi.advanceTimersByTime(1_000)
  expect(watch.snapshot).toBeUndefined()
  expect(watch.event(3)).toBe('read')
  expect(watch.event(4)).toBeUndefined()
  watch.takeIn(job({ seq: 3, title: '[forgotten]' }), [])
  expect(watch.snapshot?.job.title).toBe('[forgotten]')
  const after = watch.snapshot
  expect(after).not.toBe(before)
  vi.advanceTimersByTime(1_000)
  watch.takeIn(job({ seq: 3, title: '[forgotten]' }), [])
  expect(watch.snapshot, 'told once').toBe(after)
  watch.takeIn(job({ seq: 4 }), events(4, 4))
  expect(watch.event(4)).toMatchObject({ seq: 4 })
})

test('publishes nothing where nothing changed, unless the last snapshot is old and the job runs', () => {
  const watch = started()
  const first = watch.snapshot
  vi.advanceTimersByTime(1_000)
  watch.takeIn(job({}), [])
  expect(watch.snapshot).toBe(first)
  vi.advanceTimersByTime(1_000)
  watch.takeIn(job({}), [])
  expect(watch.snapshot).not.toBe(first)
  const second = watch.snapshot
  vi.advanceTimersByTime(1_000)
  watch.takeIn(job({ state: 'PAUSED' }), [])
  const third = watch.snapshot
  expect(third).not.toBe(second)
  vi.advanceTimersByTime(2_000)
  watch.takeIn(job({ state: 'PAUSED' }), [])
  expect(watch.snapshot).toBe(third)
})

test('after a hole in the log, what came before it has to be read', () => {
  const watch = started()
  watch.takeIn(job({ seq: 3 }), events(1, 3))
  watch.takeIn(job({ seq: 9 }), events(7, 9))
  expect(watch.event(3)).toBe('read')
  expect(watch.event(5)).toBe('read')
  expect(watch.event(7)).toMatchObject({ seq: 7 })
})

test.each([
  ['a log that was pruned up to its end', { seq: 9 }],
  ['a job that was set back, as by a backup', { seq: 2 }],
])('begins anew after %s', (_what, changes) => {
  const watch = started()
  watch.takeIn(job({ seq: 3 }), events(1, 3))
  expect(watch.takeIn(job(changes), [])).toBe(true)
  expect(watch.lastSeq).toBe(changes.seq)
  expect(watch.event(changes.seq)).toBe('read')
})

function started(): JobWatch {
  const watch = new JobWatch(1)
  watch.takeIn(job({}), [])
  return watch
}

function job(changes: Partial<JobRow>): JobRow {
  return { id: 1, state: 'RUNNING', seq: 0, done: 0, updatedAt: new Date(0), ...changes } as JobRow
}

function events(from: number, to: number): EventRow[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({ jobId: 1, seq: from + i }) as EventRow)
}
