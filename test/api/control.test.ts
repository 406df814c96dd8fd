import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'

import { allowedActions } from '../../jobs/control/allowed-actions.ts'
import { jobStates } from '../../jobs/refusals.ts'
import { controlBench, soundAgain } from '../support/control-bench.ts'
import { jobEnds, kill, sound, soundness, stateOf, until } from '../support/engine.ts'
import { relayKind } from '../support/relay-kind.ts'
import { addJob } from '../support/rows.ts'

const { db, api, workers, work, start, act, bulk, jobOf, rowsOf, eventsOf } = await controlBench()

test('the time in which a job has run is counted without that in which it stood still', async () => {
  await work()
  const { id } = await start({ shards: 2, steps: 4, rowsPerStep: 3, stepMs: 100, letterEvery: 0, failing: ['-1-0'] })
  await jobEnds(db, id)
  const ran = async () => {
    const { job } = await api.data<{ job: { ranSeconds: number } }>(
      'query ($id: ID!) { job(id: $id) { ranSeconds } }',
      { id: String(id) },
    )
    return job.ranSeconds
  }
  const first = await ran()
  expect(first).toBeGreaterThan(0.3)
  await sql`update jobs set started_at = started_at - interval '4 days', finished_at = finished_at - interval '4 days'
    where id = ${id}`.execute(db)
  expect(await act('retryJob', id)).toMatchObject({ __typename: 'JobSuccess' })
  await jobEnds(db, id)
  const both = await ran()
  expect(both).toBeGreaterThan(first)
  expect(both).toBeLessThan(first + 60)
})

describe('retry', () => {
  const input = { shards: 20, steps: 4, rowsPerStep: 3, letterEvery: 0, failing: ['-1-0', '-3-2'] }

  test('gives what failed another try, and each item has one fate again', async () => {
    await work()
    const unfailing = await start({ ...input, failing: [] })
    const { id } = await start(input)
    await jobEnds(db, id)
    expect(await jobOf(id)).toMatchObject({
      progress: { done: 240, total: 240, succeeded: 200, failed: 40 },
      allowedActions: ['DELETE', 'RETRY', 'CLONE'],
    })
    expect(await act('retryJob', id)).toMatchObject({
      __typename: 'JobSuccess',
      job: { state: 'RUNNING', finishedAt: null, summary: null, allowedActions: ['PAUSE', 'CANCEL', 'CLONE'] },
    })
    await jobEnds(db, id)
    expect(await jobOf(id)).toMatchObject({
      state: 'COMPLETED',
      summary: { job: id },
      progress: { done: 240, total: 240, succeeded: 240, failed: 0, results: 240 },
      allowedActions: ['DELETE', 'CLONE'],
    })
    expect(await soundness(db, id)).toEqual(soundAgain(2))
    await jobEnds(db, unfailing.id)
    expect(await rowsOf(id)).toEqual(await rowsOf(unfailing.id))
    expect(await eventsOf(id, 'job.retried')).toEqual([
      { message: 'Trying failed items again: 40', counts: { items: 40 } },
    ])
    expect(await eventsOf(id, 'finding')).toHaveLength(40)
    expect(await act('retryJob', id)).toMatchObject({
      __typename: 'InvalidTransition',
      message: 'The job has no failed items to retry; allowed now: delete, clone.',
      from: 'COMPLETED',
      attempted: 'RETRY',
      allowed: ['DELETE', 'CLONE'],
    })
  })

  test('of a job that was paused goes on with the rest too, over kills of its workers', async () => {
    await work(2)
    const slow = { ...input, steps: 24, stepMs: 60 }
    const unfailing = await start({ ...slow, stepMs: 0, failing: [] })
    const { id } = await start(slow)
    const failed = async () => ((await jobOf(id))!['progress'] as { failed: number }).failed
    for (let round = 0; round < 3; round++) {
      await until(
        'some items have failed, or none is left to fail',
        async () => (await failed()) > 3 || (await stateOf(db, id)) === 'COMPLETED',
      )
      if ((await act('pauseJob', id))['__typename'] !== 'JobSuccess') break
      // It may have had its last steps in hand.
      await until('it stands still', async () => ['PAUSED', 'COMPLETED'].includes(await stateOf(db, id)))
      if ((await failed()) > 0) expect(await act('retryJob', id)).toMatchObject({ __typename: 'JobSuccess' })
      await kill(workers.shift()!)
      await work()
    }
    await jobEnds(db, id)
    if ((await failed()) > 0) {
      await act('retryJob', id)
      await jobEnds(db, id)
    }
    expect(await soundness(db, id)).toMatchObject({ ...sound, finishes: expect.any(Number) })
    await jobEnds(db, unfailing.id)
    expect(await rowsOf(id)).toEqual(await rowsOf(unfailing.id))
  })

  test('raced with a cancel, a resume and itself leaves a job that can go on to the same end', async () => {
    await work()
    const unfailing = await start({ ...input, failing: [] })
    await jobEnds(db, unfailing.id)
    for (let round = 0; round < 8; round++) {
      const { id } = await start(input)
      await jobEnds(db, id)
      const results = await Promise.all(
        ['retryJob', 'cancelJob', 'retryJob', 'retryJob', 'resumeJob', 'cancelJob'].map((name) => act(name, id)),
      )
      expect(results.filter((result) => result['__typename'] === 'JobSuccess').length).toBeGreaterThan(0)
      expect((await eventsOf(id, 'job.retried')).length).toBe(1)
      await until('it stands still', async () => ['COMPLETED', 'CANCELLED'].includes(await stateOf(db, id)))
      if ((await stateOf(db, id)) === 'CANCELLED') await act('resumeJob', id)
      await jobEnds(db, id)
      expect(await soundness(db, id)).toMatchObject({ ...sound, finishes: expect.any(Number) })
      expect(await rowsOf(id)).toEqual(await rowsOf(unfailing.id))
    }
  })
})

describe('clone', () => {
  test('starts a new job with the same input, whatever the state of the first', async () => {
    const first = await start({ shards: 3, steps: 2, failing: ['-0-0'] })
    const { job } = (await act('cloneJob', first.id)) as { job: { id: string; input: object; title: string } }
    expect(Number(job.id)).toBeGreaterThan(first.id)
    expect(job).toMatchObject({
      state: 'PENDING',
      title: '3 shards of 2 steps',
      input: { shards: 3, failing: ['-0-0'] },
    })
    expect(await act('cloneJob', 999_999)).toMatchObject({ __typename: 'NotFound' })
    await work()
    await jobEnds(db, Number(job.id))
    expect(await soundness(db, Number(job.id))).toEqual(sound)
  })

  test('checks the input anew', async () => {
    const id = await addJob(db, { state: 'COMPLETED', input: { shards: 0, steps: 1 } })
    expect(await act('cloneJob', id)).toMatchObject({ __typename: 'ValidationError', issues: [{ path: ['shards'] }] })
    const unreachable = await addJob(db, {
      state: 'COMPLETED',
      kind: 'scrape-emails',
      input: { startUrls: ['http://10.0.0.1/'] },
    })
    expect(await act('cloneJob', unreachable)).toMatchObject({ issues: [{ path: ['startUrls', '0'] }] })
  })

  test('with a key starts one job, however often it is asked', async () => {
    const first = await start({ shards: 1, steps: 1 })
    const clone = async () => {
      const { result } = await api.data<{ result: { job: { id: string } } }>(
        'mutation ($id: ID!) { result: cloneJob(id: $id, idempotencyKey: "clone") { ... on JobSuccess { job { id } } } }',
        { id: String(first.id) },
      )
      return result.job.id
    }
    expect(new Set(await Promise.all([clone(), clone(), clone()])).size).toBe(1)
  })
})

describe('what may be asked', () => {
  const mutations = {
    PAUSE: 'pauseJob',
    CANCEL: 'cancelJob',
    RESUME: 'resumeJob',
    RETRY: 'retryJob',
    DELETE: 'deleteJob',
  }
  /** Asking for what holds already is a success without effect. */
  const holds: Record<string, string[]> = {
    PAUSE: ['PAUSING', 'PAUSED'],
    CANCEL: ['CANCELLING', 'CANCELLED'],
    RESUME: ['PENDING', 'RUNNING', 'FINISHING'],
  }

  test.each(jobStates.flatMap((state) => [0, 2].map((failed) => ({ state, failed }))))(
    'of a job that is $state with $failed failed items is done, and the rest refused',
    async ({ state, failed }) => {
      for (const [action, mutation] of Object.entries(mutations)) {
        const id = await addJob(db, { state, input: { shards: 1, steps: 0 } })
        await sql`update jobs set failed = ${failed}, done = ${failed}, open_shards = 1 where id = ${id}`.execute(db)
        await sql`insert into job_shards (job_id, key, state) values (${id}, 'main', 'NEW')`.execute(db)
        const { rows: before } = await sql`select state, seq from jobs where id = ${id}`.execute(db)
        const allowed = allowedActions({ state, failed })
        const may = (allowed as string[]).includes(action)
        const result = await act(mutation, id)
        if (may || holds[action]?.includes(state))
          expect(result, action).toMatchObject({ __typename: expect.stringMatching(/Success$/) })
        else
          expect(result, action).toMatchObject({
            __typename: 'InvalidTransition',
            from: state === 'FINISHING' ? 'RUNNING' : state,
            attempted: action,
            allowed,
          })
        if (!may) expect((await sql`select state, seq from jobs where id = ${id}`.execute(db)).rows).toEqual(before)
      }
    },
  )
})

describe('a key', () => {
  test('asked for many times at once starts one job', async () => {
    const started = await Promise.all(Array.from({ length: 12 }, () => start({ shards: 1, steps: 1 }, 'race')))
    expect(new Set(started.map((one) => one.id)).size).toBe(1)
    expect(await start({ shards: 2, steps: 1 }, 'race')).toMatchObject({ __typename: 'IdempotencyMismatch' })
  })

  test('of a deleted job is free, also while others ask for it', async () => {
    const input = { shards: 1, steps: 1 }
    const first = await start(input, 'freed')
    await act('pauseJob', first.id)
    const [, ...started] = await Promise.all([
      act('deleteJob', first.id),
      ...Array.from({ length: 6 }, () => start(input, 'freed')),
    ])
    const fresh = new Set(started.map((one) => one.id).filter((id) => id !== first.id))
    expect(fresh.size).toBeLessThanOrEqual(1)
    const last = await start({ shards: 2, steps: 1 }, 'freed again')
    await act('pauseJob', last.id)
    await act('deleteJob', last.id)
    expect(await start(input, 'freed again')).toMatchObject({ replayed: false })
  })
})

test('a kind with limits starts so many jobs, and a key that is replayed is none', async () => {
  relayKind.limits = () => ({ jobsAtOnce: 2, starts: 4, intervalMs: 600_000 })
  onTestFinished(() => void delete relayKind.limits)
  await sql`update jobs set state = 'COMPLETED', created_at = now() - interval '1 hour'`.execute(db)
  const input = { shards: 1, steps: 1 }
  const both = await Promise.all(['l1', 'l2', 'l3', 'l4'].map((key) => start(input, key)))
  expect(both.map((one) => one.__typename).toSorted()).toEqual([
    'RateLimited',
    'RateLimited',
    'StartJobSuccess',
    'StartJobSuccess',
  ])
  expect(both.find((one) => one.__typename === 'RateLimited')).toMatchObject({
    code: 'RATE_LIMITED',
    message: '2 jobs of this kind may run at a time: wait until one has ended.',
    retryAfterSeconds: null,
  })
  const key = ['l1', 'l2', 'l3', 'l4'][both.findIndex((one) => one.__typename === 'StartJobSuccess')]!
  expect(await start(input, key)).toMatchObject({ replayed: true })
  await bulk('cancelJobs', {}, false)
  for (let i = 0; i < 2; i++) expect((await start(input)).__typename).toBe('StartJobSuccess')
  await bulk('cancelJobs', {}, false)
  const limited = (await start(input)) as { retryAfterSeconds?: number }
  expect(limited).toMatchObject({ __typename: 'RateLimited' })
  expect(limited.retryAfterSeconds).toBeGreaterThan(500)
})

test('statistics tell jobs and items by kind and state, as shown, and in all', async () => {
  for (const [state, done] of [
    ['RUNNING', 10],
    ['FINISHING', 20],
    ['COMPLETED', 30],
  ] as const) {
    const id = await addJob(db, { state, title: 'counted' })
    await sql`update jobs set done = ${done}, succeeded = ${done - 3}, failed = 2, skipped = 1, results = 5 where id = ${id}`.execute(
      db,
    )
  }
  await addJob(db, { state: 'RUNNING', title: 'counted', owner: 'somebody else' })
  const { jobStats } = await api.data(
    `query ($filter: JobFilter) { jobStats(filter: $filter) {
      totals { jobs done succeeded failed skipped results } groups { kind state jobs done failed } } }`,
    { filter: { text: 'counted' } },
  )
  expect(jobStats).toEqual({
    totals: { jobs: 3, done: 60, succeeded: 51, failed: 6, skipped: 3, results: 15 },
    groups: [
      { kind: 'RELAY', state: 'COMPLETED', jobs: 1, done: 30, failed: 2 },
      { kind: 'RELAY', state: 'RUNNING', jobs: 2, done: 30, failed: 4 },
    ],
  })
  expect(await api.data('{ jobStats(filter: { state: [] }) { totals { jobs done } groups { jobs } } }')).toEqual({
    jobStats: { totals: { jobs: 0, done: 0 }, groups: [] },
  })
})

test('a retry of 20,000 shards reopens them all', async () => {
  const id = await addJob(db, { state: 'COMPLETED', input: { shards: 20_000, steps: 0 } })
  await sql`update jobs set items = 20000, total = 20000, done = 20000, failed = 20000, seq = 0 where id = ${id}`.execute(
    db,
  )
  await sql`insert into job_shards (job_id, key, state, seen, checkpoint) select ${id}, 's' || to_char(i, 'FM000000'), 'DONE', 1, '{"at": 0}'
    from generate_series(0, 19999) i`.execute(db)
  await sql`insert into relay_failed (job_id, shard, item) select ${id}, 's' || to_char(i, 'FM000000'), 'item ' || i
    from generate_series(0, 19999) i`.execute(db)
  expect(await act('retryJob', id)).toMatchObject({ job: { state: 'RUNNING', progress: { done: 0, failed: 0 } } })
  const { rows } = await sql`
    select open_shards, (select count(*) from job_shards s where s.job_id = j.id and state = 'NEW') + 1000 >= open_shards as reopened
    from jobs j where id = ${id}`.execute(db)
  expect(rows).toEqual([{ open_shards: 20_000, reopened: true }])
  await act('cancelJob', id)
  await act('deleteJob', id)
})
