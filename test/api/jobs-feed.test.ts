import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { addJob } from '../support/rows.ts'

const database = await testDatabase()
const { db } = database

interface Change {
  job: { id: string; state: string; progress: { done: number } } | null
  deletedId: string | null
  matches: boolean
  reload: boolean
}

test('tells of jobs that appear, change and go', async () => {
  await using api = await startApi(database)
  const feed = await watch(api)
  const { startRelay } = await api.data<{ startRelay: { job: { id: string } } }>(
    'mutation { startRelay(input: { shards: 1, steps: 1 }) { ... on StartJobSuccess { job { id } } } }',
  )
  const { id } = startRelay.job
  expect(await feed.next()).toMatchObject({ job: { id, state: 'PENDING' }, matches: true })
  await api.data('mutation ($id: ID!) { pauseJob(id: $id) { __typename } }', { id })
  expect(await feed.until((change) => change.job?.state === 'PAUSED')).toMatchObject({ job: { id } })
  await api.data('mutation ($id: ID!) { deleteJob(id: $id) { __typename } }', { id })
  expect(await feed.next()).toEqual({ job: null, deletedId: id, matches: false, reload: false })
})

test('a list by state is told of a job that leaves it', async () => {
  await using api = await startApi(database)
  const id = await addJob(db)
  const feed = await watch(api, { state: ['RUNNING'] })
  await change(api, id, { done: 1 })
  expect(await feed.next()).toMatchObject({ job: { id: String(id), progress: { done: 1 } }, matches: true })
  await change(api, id, { state: 'COMPLETED' })
  expect(await feed.next()).toMatchObject({ job: { id: String(id), state: 'COMPLETED' }, matches: false })
})

test('of a job that changes all the time it tells at most 4 times a second, and the last state always', async () => {
  await using api = await startApi(database)
  const id = await addJob(db)
  const feed = await watch(api)
  const began = performance.now()
  const changing = (async () => {
    for (let done = 1; done <= 60; done++) {
      await change(api, id, { done })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  let told = 0
  await feed.until(({ job }) => job?.id === String(id) && ++told > 0 && job.progress.done === 60)
  await changing
  expect(told).toBeGreaterThan(3)
  expect(told).toBeLessThanOrEqual(2 + (performance.now() - began) / 250)
})

test('a change that nobody told of is found within seconds: of a job that runs, and of a new one', async () => {
  await using api = await startApi(database)
  const known = await addJob(db)
  const feed = await watch(api)
  // Until the first look round, which finds out what there is.
  await feed.until((told) => told.job?.id === String(known))
  await sql`update jobs set state = 'COMPLETED', updated_at = now() where id = ${known}`.execute(db)
  expect(await feed.until((told) => told.job?.state === 'COMPLETED')).toMatchObject({ job: { id: String(known) } })
  const fresh = await addJob(db, { state: 'PAUSED' })
  expect(await feed.until((told) => told.job?.id === String(fresh))).toMatchObject({ job: { state: 'PAUSED' } })
})

test('after a cut of the connection that listens, the list has to be loaded anew', async () => {
  await using api = await startApi(database)
  const feed = await watch(api)
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mailquarry live' and datname = current_database()`.execute(
    db,
  )
  expect(await feed.until((told) => told.reload)).toMatchObject({ job: null, deletedId: null })
})

test('nothing is left of a feed that is completed', async () => {
  await using api = await startApi(database)
  const feed = await watch(api)
  expect(api.live.load().lists).toBe(1)
  await feed.end()
  await until('it is released', () => Promise.resolve(api.live.load().lists === 0))
})

/** A feed that has begun. */
async function watch(api: TestApi, filter?: object) {
  const results = api.socket().iterate<{ jobs: Change }>({
    query:
      'subscription ($filter: JobFilter) { jobs(filter: $filter) { deletedId matches reload job { id state progress { done workers { id } } } } }',
    variables: { filter },
  })
  const next = async (): Promise<Change> => {
    const { value } = (await results.next()) as { value: { errors?: unknown; data: { jobs: Change } } }
    expect(value.errors).toBeUndefined()
    return value.data.jobs
  }
  expect(await next()).toEqual({ job: null, deletedId: null, matches: false, reload: true })
  return {
    next,
    async until(holds: (change: Change) => boolean) {
      for (;;) {
        const told = await next()
        if (holds(told)) return told
      }
    },
    end: () => results.return!(),
  }
}

async function change(api: TestApi, id: number, to: { state?: string; done?: number }): Promise<void> {
  await sql`update jobs set state = coalesce(${to.state ?? null}, state), done = coalesce(${to.done ?? null}, done), updated_at = now()
    where id = ${id}`.execute(db)
  api.engine.notices.changed(id, 0)
}
