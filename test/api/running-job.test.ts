import { afterAll, beforeAll, expect, test } from 'vitest'

import { startApi } from '../support/api.ts'
import { forkWorker, kill } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { createRelayTables } from '../support/relay-kind.ts'

const database = await testDatabase()
let worker: Awaited<ReturnType<typeof forkWorker>>
beforeAll(async () => {
  await createRelayTables(database.db)
  worker = await forkWorker({ url: database.url, slots: 4 })
})
afterAll(() => kill(worker, 'SIGTERM'))

interface Payload {
  __typename: string
  seq: number
  type: string
  counts: Record<string, number> | null
  job: { state: string; lastSeq: number; progress: { done: number; total: number | null; workers: { done: number }[] } }
}

test('a job that runs is watched from its start to its end', async () => {
  await using api = await startApi(database)
  const { startRelay } = await api.data<{ startRelay: { job: { id: string } } }>(
    'mutation { startRelay(input: { shards: 12, steps: 8, rowsPerStep: 3, stepMs: 20 }) { ... on StartJobSuccess { job { id } } } }',
  )
  const { id } = startRelay.job
  const results = api.socket().iterate<{ jobEvents: Payload }>({
    query: `subscription ($id: ID!) { jobEvents(jobId: $id, after: 0) { __typename
      ... on JobEvent { seq type counts }
      ... on JobSnapshot { job { state lastSeq progress { done total workers { id slots done } } } } } }`,
    variables: { id },
  })
  const events: Payload[] = []
  const snapshots: Payload['job'][] = []
  for await (const { data, errors } of results) {
    expect(errors).toBeUndefined()
    const payload = data!.jobEvents
    if (payload.__typename === 'JobEvent') events.push(payload)
    else snapshots.push(payload.job)
    if (snapshots.at(-1)?.state === 'COMPLETED') break
  }
  expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1))
  expect(events[0]!.type).toBe('job.created')
  expect(events.at(-1)!.type).toBe('job.completed')
  const done = snapshots.map((job) => job.progress.done)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  const last = snapshots.at(-1)!
  expect(last.lastSeq).toBe(events.at(-1)!.seq)
  expect(last.progress.done).toBe(last.progress.total)
  expect(last.progress.workers.reduce((sum, { done }) => sum + done, 0)).toBe(last.progress.done)

  const { job, workers } = await api.data<{ job: object; workers: object[] }>(
    'query ($id: ID!) { job(id: $id) { allowedActions finishedAt summary progress { percent ratePerSecond } } workers { slots host } }',
    { id },
  )
  expect(job).toMatchObject({
    allowedActions: ['DELETE', 'CLONE'],
    finishedAt: expect.any(String),
    summary: { job: Number(id) },
    progress: { percent: 100, ratePerSecond: null },
  })
  expect(workers).toMatchObject([{ slots: 4 }])
})

test('a job that is paused goes on from where it was', async () => {
  await using api = await startApi(database)
  const { startRelay } = await api.data<{ startRelay: { job: { id: string } } }>(
    'mutation { startRelay(input: { shards: 8, steps: 20, stepMs: 30 }) { ... on StartJobSuccess { job { id } } } }',
  )
  const { id } = startRelay.job
  const results = api.socket().iterate<{ jobEvents: Payload }>({
    query: `subscription ($id: ID!) { jobEvents(jobId: $id) { __typename ... on JobSnapshot { job { state progress { done workers { id slots done } } } } } }`,
    variables: { id },
  })
  const until = async (holds: (job: Payload['job']) => boolean) => {
    for (;;) {
      const { value } = await results.next()
      const { job } = (value as { data: { jobEvents: Payload } }).data.jobEvents
      if (job && holds(job)) return job
    }
  }
  await until((job) => job.progress.done > 20)
  await api.data('mutation ($id: ID!) { pauseJob(id: $id) { __typename } }', { id })
  const paused = await until((job) => job.state === 'PAUSED')
  expect(paused.progress.workers).toMatchObject([{ slots: 0, done: paused.progress.done }])
  await api.data('mutation ($id: ID!) { resumeJob(id: $id) { __typename } }', { id })
  const ended = await until((job) => job.state === 'COMPLETED')
  expect(ended.progress.done).toBeGreaterThan(paused.progress.done)
})
