import { expect, onTestFinished, test, vi } from 'vitest'

import type { JobRow } from '../../db/job-list.ts'
import { noResults } from '../../db/result-list.ts'
import type { JobSource } from '../../schema/live-feed.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { addAddresses, addJob, addNotes } from '../../test/support/rows.ts'
import { JobFollower } from './follow-job.ts'
import { ResultsFollower } from './follow-results.ts'
import { createJobWatches } from './job-watches.ts'

const { db } = await testDatabase()
const viewer = { owner: 'local' }

test('who was told elsewhere of more than a watch has read yet misses nothing of it', async () => {
  const jobId = await addJob(db)
  await addNotes(db, jobId, 10)
  const watches = watchesOf(db)
  const first = new JobFollower(watches, { viewer, jobId, after: undefined })
  expect((await first.next()).value).toMatchObject({ job: { seq: 10 } })
  // Nobody notified this process; another one has told its clients.
  await addAddresses(db, jobId, { seq: 11, groupId: 1 }, [{ address: 'a@example.com' }])
  await db.updateTable('jobs').set({ steps: 11 }).where('id', '=', jobId).execute()
  const last = await addNotes(db, jobId, 1_000)

  const second = new JobFollower(watches, { viewer, jobId, after: 900 })
  expect((await second.next()).value).toMatchObject({ seq: 901 })
  for (let seq = 902; seq <= last; seq++) expect((await second.next()).value).toMatchObject({ seq })
  expect((await second.next()).value).toHaveProperty('job')

  const results = new ResultsFollower(watches, { viewer, jobId, after: noResults })
  expect((await results.next()).value).toMatchObject({ results: [{ address: 'a@example.com' }] })
  for (const follower of [first, second, results]) follower.close()
  expect(watches.load()).toEqual({ jobs: 0, followers: 0 })
})

test('who asks for a job that was not there is not answered by what somebody found who is still there', async () => {
  const watches = watchesOf(db)
  const jobId = (await addJob(db)) + 1
  const early = new JobFollower(watches, { viewer, jobId, after: undefined })
  expect((await early.next()).value).toHaveProperty('refusal')
  expect(await addJob(db)).toBe(jobId)
  const late = new JobFollower(watches, { viewer, jobId, after: undefined })
  expect((await late.next()).value).toMatchObject({ job: { id: jobId } })
  early.close()
  expect(watches.load()).toEqual({ jobs: 1, followers: 1 })
  late.close()
  expect(watches.load()).toEqual({ jobs: 0, followers: 0 })
})

test('a person who is forgotten while a job is being read is let go of all the same', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const jobId = await addJob(db, { title: 'about ada@lovelace.example', state: 'COMPLETED' })
  let read = async () => {}
  const activity = Object.assign(() => read().then(() => ({ workers: [], wait: null })), { asked: true })
  const watches = watchesOf(db, (job) => ({ ...job, activity }))
  const follower = new JobFollower(watches, { viewer, jobId, after: undefined })
  const next = async () => JSON.stringify((await follower.next()).value)
  expect(await next()).toContain('about ada@lovelace.example')

  // So long that the next snapshot need not wait.
  vi.advanceTimersByTime(1_000)
  read = async () => {
    read = async () => {}
    await db.updateTable('jobs').set({ title: 'about [forgotten]' }).where('id', '=', jobId).execute()
    watches.letGo()
  }
  watches.changed([jobId])
  expect(await next()).toContain('about [forgotten]')
  follower.close()
})

test('who comes just after a person was forgotten is not told of them, though somebody was a moment ago', async () => {
  const jobId = await addJob(db, { title: 'about ada@lovelace.example', state: 'COMPLETED' })
  const watches = watchesOf(db)
  const first = new JobFollower(watches, { viewer, jobId, after: undefined })
  expect((await first.next()).value).toMatchObject({ job: { title: 'about ada@lovelace.example' } })
  await db.updateTable('jobs').set({ title: 'about [forgotten]' }).where('id', '=', jobId).execute()
  watches.letGo()
  const second = new JobFollower(watches, { viewer, jobId, after: undefined })
  for (const follower of [second, first]) {
    expect((await follower.next()).value).toMatchObject({ job: { title: 'about [forgotten]' } })
    follower.close()
  }
})

function watchesOf(database: typeof db, present: (job: JobRow) => JobSource = (job) => job) {
  return createJobWatches({
    db: database,
    present,
    sample() {},
    warn(error) {
      throw error
    },
  })
}
