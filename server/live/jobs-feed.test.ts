import { expect, test } from 'vitest'

import type { JobFilter, JobRow } from '../../db/job-list.ts'
import { JobsFeed } from './jobs-feed.ts'

test('begins by asking for the list, then tells of each change', async () => {
  const { feed, next } = await follow({})
  feed.update(1, job(1, {}))
  expect(await next()).toMatchObject({
    job: { id: 1, state: 'RUNNING' },
    deletedId: null,
    matches: true,
    reload: false,
  })
  feed.update(1, undefined)
  expect(await next()).toEqual({ job: null, deletedId: 1, matches: false, reload: false })
})

test('of several changes of one job a slow subscriber gets the last', async () => {
  const { feed, next } = await follow({})
  for (let done = 1; done <= 50; done++) feed.update(1, job(1, { done }))
  feed.update(2, job(2, {}))
  expect(await next()).toMatchObject({ job: { id: 1, done: 50 } })
  expect(await next()).toMatchObject({ job: { id: 2 } })
})

test('says nothing of a job that is as it was', async () => {
  const { feed, next } = await follow({})
  feed.update(1, job(1, {}))
  await next()
  feed.update(1, job(1, {}))
  feed.update(2, job(2, {}))
  expect(await next()).toMatchObject({ job: { id: 2 } })
})

test('tells once of a job that leaves the list', async () => {
  const { feed, next } = await follow({ states: ['RUNNING'] })
  feed.update(1, job(1, {}))
  expect(await next()).toMatchObject({ matches: true })
  feed.update(1, job(1, { state: 'COMPLETED' }))
  expect(await next()).toMatchObject({ job: { state: 'COMPLETED' }, matches: false })
  feed.update(1, job(1, { state: 'COMPLETED', done: 5 }))
  feed.update(2, job(2, {}))
  expect(await next()).toMatchObject({ job: { id: 2 } })
})

test.each<[string, JobFilter, Partial<JobRow>]>([
  ['another kind', { kinds: ['verify-emails'] }, {}],
  ['another title', { text: 'nothing like it' }, {}],
  ['another owner', {}, { owner: 'somebody else' }],
])('says nothing of a job of %s', async (_what, filter, changes) => {
  const { feed, next } = await follow(filter)
  feed.update(1, job(1, changes))
  feed.update(1, undefined)
  feed.update(2, job(2, { kind: 'verify-emails', title: 'Nothing like it' }))
  expect(await next()).toMatchObject({ job: { id: 2 } })
})

test('finds a job by its id too', async () => {
  const { feed, next } = await follow({ text: '12' })
  feed.update(12, job(12, {}))
  expect(await next()).toMatchObject({ job: { id: 12 } })
})

test('asks for the list again where changes may have been missed, and forgets what was to be sent', async () => {
  const { feed, next } = await follow({})
  feed.update(1, job(1, {}))
  feed.reload()
  feed.update(2, job(2, {}))
  expect(await next()).toMatchObject({ reload: true })
  expect(await next()).toMatchObject({ job: { id: 2 } })
})

test('ends all subscriptions when it closes', async () => {
  const { feed, next } = await follow({})
  const last = next()
  feed.close()
  expect(await last).toBeUndefined()
  expect(feed.watchers).toBe(0)
})

async function follow(filter: JobFilter) {
  const feed = new JobsFeed((row) => row)
  const follower = feed.follow({ owner: 'me' }, filter)
  const next = async () => (await follower.next()).value
  expect(await next()).toMatchObject({ reload: true })
  return { feed, next }
}

function job(id: number, changes: Partial<JobRow>): JobRow {
  const row = { id, kind: 'scrape-emails', title: 'example.com', owner: 'me', state: 'RUNNING', seq: 1, done: 0 }
  return { ...row, updatedAt: new Date(0), ...changes } as JobRow
}
