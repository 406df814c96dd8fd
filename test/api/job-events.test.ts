import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { pruneEvents } from '../../db/prune-events.ts'
import { startApi } from '../support/api.ts'
import { follow, happen, jobEvents } from '../support/job-events.ts'
import { testDatabase } from '../support/postgres.ts'
import { addEvents, addJob, addNotes } from '../support/rows.ts'

const database = await testDatabase()
const { db } = database

test('without after: a snapshot, then what happens', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  await addNotes(db, jobId, 3)
  const follower = follow(api, jobId)
  expect(await follower.next()).toMatchObject({ __typename: 'JobSnapshot', job: { id: String(jobId), lastSeq: 3 } })
  await happen(api, jobId, 2)
  expect(await follower.next()).toMatchObject({ __typename: 'JobEvent', seq: 4, message: 'note 1' })
  expect(await follower.next()).toMatchObject({ __typename: 'JobEvent', seq: 5 })
  expect(await follower.next()).toMatchObject({ __typename: 'JobSnapshot', job: { lastSeq: 5 } })
})

test.each([0, 3, 1_195, 1_200])(
  'after %i of 1,200 events: the rest of them, a snapshot, then what happens',
  async (after) => {
    await using api = await startApi(database)
    const jobId = await addJob(db)
    await addNotes(db, jobId, 1_200)
    const follower = follow(api, jobId, after)
    for (let seq = after + 1; seq <= 1_200; seq++)
      expect(await follower.next()).toMatchObject({ __typename: 'JobEvent', seq })
    expect(await follower.next()).toMatchObject({ __typename: 'JobSnapshot', job: { lastSeq: 1_200 } })
    await happen(api, jobId, 1)
    expect(await follower.next()).toMatchObject({ __typename: 'JobEvent', seq: 1_201 })
  },
)

test('where events behind after are gone, it says so and goes on from the last', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  await addNotes(db, jobId, 10)
  await sql`delete from job_events where job_id = ${jobId} and seq <= 6`.execute(db)
  const follower = follow(api, jobId, 5)
  expect(await follower.next()).toMatchObject({ __typename: 'ResyncRequired', firstSeq: 7, lastSeq: 10 })
  expect(await follower.next()).toMatchObject({ __typename: 'JobSnapshot', job: { lastSeq: 10 } })
  await happen(api, jobId, 1)
  expect(await follower.next()).toMatchObject({ __typename: 'JobEvent', seq: 11 })
  const whole = follow(api, jobId, 6)
  expect(await whole.next()).toMatchObject({ __typename: 'JobEvent', seq: 7 })
})

test('of a long log the newest are kept, and what became of the job; who reads over the hole is told of it', async () => {
  // Of its own: pruning looks at all jobs.
  const ownDatabase = await testDatabase()
  const { db } = ownDatabase
  await using api = await startApi(ownDatabase)
  const jobId = await addJob(db)
  await addEvents(db, jobId, [{ type: 'job.created' }, { type: 'job.started' }])
  await addNotes(db, jobId, 300)
  await addEvents(db, jobId, [{ type: 'job.paused' }, { type: 'job.resumed' }])
  await addNotes(db, jobId, 696)
  const other = await addJob(db)
  await addNotes(db, other, 109)
  const whole = follow(api, jobId, 990)
  expect(await whole.next()).toMatchObject({ seq: 991 })

  expect(await pruneEvents(db, { keep: 100, portion: 500 })).toBe(500)
  const between = follow(api, jobId, 302)
  expect([(await between.next())!.seq, (await between.next())!.seq]).toEqual([303, 304])
  expect(await between.next()).toMatchObject({ __typename: 'ResyncRequired', firstSeq: 505, lastSeq: 1_000 })

  expect(await pruneEvents(db, { keep: 100, portion: 500 })).toBe(396)
  expect(await pruneEvents(db, { keep: 100, portion: 500 })).toBe(0)
  expect(await seqsOf(db, jobId)).toEqual([1, 2, 303, 304, ...Array.from({ length: 100 }, (_, i) => 901 + i)])
  expect((await seqsOf(db, other)).length).toBe(109)
  await addNotes(db, jobId, 10)
  expect(await pruneEvents(db, { keep: 100 })).toBe(0)

  const reader = follow(api, jobId, 0)
  expect([(await reader.next())!.seq, (await reader.next())!.seq]).toEqual([1, 2])
  expect(await reader.next()).toMatchObject({ __typename: 'ResyncRequired', lastSeq: 1_010 })
  for (let seq = 992; seq <= 1_000; seq++) expect(await whole.next()).toMatchObject({ seq })
})

test.each([
  ['after lies ahead of the log', 0, 12, { firstSeq: 1, lastSeq: 10 }],
  ['the whole log is gone', 10, 4, { firstSeq: 11, lastSeq: 10 }],
])('where %s, it says so', async (_what, pruned, after, expected) => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  await addNotes(db, jobId, 10)
  await sql`delete from job_events where job_id = ${jobId} and seq <= ${pruned}`.execute(db)
  expect(await follow(api, jobId, after).next()).toMatchObject({ __typename: 'ResyncRequired', ...expected })
})

test.each(['999999999', 'nonsense'])('the job %s is not found, and that is all', async (jobId) => {
  await using api = await startApi(database)
  const follower = follow(api, jobId)
  expect(await follower.next()).toMatchObject({ __typename: 'NotFound', code: 'NOT_FOUND' })
  expect(await follower.next()).toBeUndefined()
})

test('the job of somebody else is not found', async () => {
  await using api = await startApi(database)
  const follower = follow(api, await addJob(db, { owner: 'somebody else' }))
  expect(await follower.next()).toMatchObject({ __typename: 'NotFound' })
})

test('with mostBehind what is too much between two snapshots is not sent; it is in the log, and all others get it', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  await addNotes(db, jobId, 10)
  const hasty = follow(api, jobId, undefined, 5)
  const patient = follow(api, jobId)
  for (const follower of [hasty, patient]) expect(await follower.next()).toMatchObject({ job: { lastSeq: 10 } })
  await happen(api, jobId, 5)
  for (const follower of [hasty, patient]) {
    for (let seq = 11; seq <= 15; seq++) expect(await follower.next()).toMatchObject({ __typename: 'JobEvent', seq })
    expect(await follower.next()).toMatchObject({ job: { lastSeq: 15 } })
  }
  await happen(api, jobId, 700)
  expect(await hasty.next()).toMatchObject({ __typename: 'ResyncRequired', firstSeq: 16, lastSeq: 715 })
  expect(await hasty.next()).toMatchObject({ __typename: 'JobSnapshot', job: { lastSeq: 715 } })
  for (let seq = 16; seq <= 715; seq++) expect(await patient.next()).toMatchObject({ __typename: 'JobEvent', seq })
  expect(await patient.next()).toMatchObject({ __typename: 'JobSnapshot', job: { lastSeq: 715 } })
  await happen(api, jobId, 1)
  for (const follower of [hasty, patient]) expect(await follower.next()).toMatchObject({ seq: 716 })
})

test.each([{ after: -1 }, { after: 1.5 }, { mostBehind: -1 }])('%o is refused', async (wanted) => {
  await using api = await startApi(database)
  const results = api.socket().iterate({ query: jobEvents, variables: { jobId: '1', ...wanted } })
  const refused = await results.next().then(
    ({ value }) => (value as { errors: unknown }).errors,
    (errors: unknown) => errors,
  )
  expect(refused).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
})

test('it ends when the job is deleted', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db, { state: 'PAUSED' })
  const follower = follow(api, jobId)
  await follower.next()
  await api.data('mutation ($id: ID!) { deleteJob(id: $id) { __typename } }', { id: String(jobId) })
  expect(await follower.next()).toBeUndefined()
})

test('progress is told at most 4 times a second, and the last state always', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const follower = follow(api, jobId)
  const snapshots: number[] = []
  const began = performance.now()
  const writer = (async () => {
    for (let done = 1; done <= 60; done++) {
      await sql`update jobs set done = ${done}, updated_at = now(), state = ${done < 60 ? 'RUNNING' : 'COMPLETED'} where id = ${jobId}`.execute(
        db,
      )
      api.engine.notices.changed(jobId, 0)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  for (;;) {
    const payload = await follower.next()
    snapshots.push(payload!.job.progress.done)
    if (payload!.job.state === 'COMPLETED') break
  }
  await writer
  expect(snapshots).toEqual(snapshots.toSorted((a, b) => a - b))
  expect(snapshots.at(-1)).toBe(60)
  expect(snapshots.length).toBeGreaterThan(3)
  expect(snapshots.length).toBeLessThanOrEqual(2 + (performance.now() - began) / 250)
})

test('everybody gets every event once and in order, however many write and whenever they join', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const total = 400
  const joinLate: Promise<number[]>[] = []
  const readAll = async (after: number | undefined) => {
    const follower = follow(api, jobId, after)
    const from = after ?? (await follower.next())!.job.lastSeq
    const seqs: number[] = []
    const aheadOfEvents: number[] = []
    while (from < total && seqs.at(-1) !== total) {
      const payload = (await follower.next())!
      if (payload.__typename === 'JobEvent') seqs.push(payload.seq)
      else if (payload.job.lastSeq > (seqs.at(-1) ?? from)) aheadOfEvents.push(payload.job.lastSeq)
    }
    expect(aheadOfEvents).toEqual([])
    expect(seqs).toEqual(Array.from({ length: total - from }, (_, i) => from + 1 + i))
    return seqs
  }
  const early = Array.from({ length: 10 }, () => readAll(undefined))
  const writers = Array.from({ length: 4 }, async (_, w) => {
    for (let i = 0; i < total / 4;) {
      const count = Math.min(1 + ((i + w) % 3), total / 4 - i)
      await happen(api, jobId, count)
      i += count
      if (i % 10 === 0) joinLate.push(readAll(i), readAll(undefined))
    }
  })
  await Promise.all(writers)
  await Promise.all([...early, ...joinLate])
  expect(joinLate.length).toBeGreaterThan(20)
})

async function seqsOf(db: typeof database.db, jobId: number): Promise<number[]> {
  const { rows } = await sql<{ seq: number }>`select seq from job_events where job_id = ${jobId} order by seq`.execute(
    db,
  )
  return rows.map(({ seq }) => seq)
}
