import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addJob } from '../support/rows.ts'

const database = await testDatabase()
const { db } = database

const jobResults = `subscription ($jobId: ID!, $after: String) {
  jobResults(jobId: $jobId, after: $after) {
    __typename
    ... on JobResultBatch { results { ... on JobEmail { address sourceUrl } } cursor ended }
    ... on ResyncRequired { firstSeq lastSeq }
    ... on NotFound { code }
  }
}`

interface Payload {
  __typename: 'JobResultBatch' | 'ResyncRequired' | 'NotFound'
  results: { address: string }[]
  cursor: string
  ended: boolean
}

test('without after: all results so far in batches, then those that come', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  await yields(api, jobId, names(0, 700))
  await yields(api, jobId, names(700, 1_200))
  const follower = follow(api, jobId)
  const batches = await follower.take(1_200)
  expect(batches.flatMap(addresses)).toEqual(names(0, 1_200))
  expect(batches.length).toBeLessThanOrEqual(4)
  await yields(api, jobId, names(1_200, 1_203))
  expect(addresses((await follower.next())!)).toEqual(names(1_200, 1_203))
})

test('goes on behind the cursor of any batch, and behind one of job.emails', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  for (let i = 0; i < 8; i++) await yields(api, jobId, names(i * 100, i * 100 + 100))
  const whole = follow(api, jobId)
  const [first] = await whole.take(800)
  expect((await follow(api, jobId, first!.cursor).take(800 - first!.results.length)).flatMap(addresses)).toEqual(
    names(first!.results.length, 800),
  )
  const { job } = await api.data<{ job: { emails: { pageInfo: { endCursor: string } } } }>(
    'query ($id: ID!) { job(id: $id) { emails(first: 150) { pageInfo { endCursor } } } }',
    { id: String(jobId) },
  )
  const cursor = job.emails.pageInfo.endCursor
  expect((await follow(api, jobId, cursor).take(650)).flatMap(addresses)).toEqual(names(150, 800))
  await yields(api, jobId, names(800, 900))
  await whole.take(100)
  // In the midst of a batch that is told to all.
  expect((await follow(api, jobId, cursor).take(750)).flatMap(addresses)).toEqual(names(150, 900))
})

test('a group that got its number early and was committed late is not missed', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  await yields(api, jobId, ['late-number@example.com'], 2_000)
  const follower = follow(api, jobId)
  await follower.take(1)
  await yields(api, jobId, ['early-number@example.com'], 1_000)
  const [batch] = await follower.take(1)
  expect(addresses(batch!)).toEqual(['early-number@example.com'])
  expect((await follow(api, jobId, batch!.cursor).raw(300)).length).toBe(0)
})

test('tells once that the job has ended, behind its last result, and again after a resume', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const follower = follow(api, jobId)
  await yields(api, jobId, names(0, 3))
  await yields(api, jobId, names(3, 5), undefined, 'COMPLETED')
  const told = await follower.untilEnded()
  expect(told.flatMap(addresses)).toEqual(names(0, 5))
  await yields(api, jobId, [], undefined, 'RUNNING')
  await yields(api, jobId, names(5, 7), undefined, 'COMPLETED')
  expect((await follower.untilEnded()).flatMap(addresses)).toEqual(names(5, 7))
  const late = follow(api, jobId, told.at(-1)!.cursor)
  expect((await late.untilEnded()).flatMap(addresses)).toEqual(names(5, 7))
  expect((await follow(api, jobId).untilEnded()).flatMap(addresses)).toEqual(names(0, 7))
})

test('where after lies ahead of all there is, it says so and begins anew', async () => {
  await using api = await startApi(database)
  const ahead = await addJob(db)
  for (let i = 0; i < 3; i++) await yields(api, ahead, names(i, i + 1))
  const { cursor } = (await follow(api, ahead).take(3)).at(-1)!
  const jobId = await addJob(db)
  await yields(api, jobId, names(0, 2))
  const follower = follow(api, jobId, cursor)
  expect(await follower.next()).toMatchObject({ __typename: 'ResyncRequired' })
  expect((await follower.take(2)).flatMap(addresses)).toEqual(names(0, 2))
})

test('everybody gets every result once and in order, however many write and whenever they join', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const total = 600
  const readAll = async () => (await follow(api, jobId).take(total)).flatMap(addresses)
  const readers = [readAll(), readAll()]
  for (let i = 0; i < 60; i++) {
    await yields(api, jobId, names(i * 10, i * 10 + 10), i % 2 ? 5_000 - i : 5_000 + i)
    if (i % 5 === 0) readers.push(readAll(), readInPieces(api, jobId, total))
  }
  for (const read of await Promise.all(readers)) expect(read).toEqual(names(0, total))
})

test('nothing is lost or doubled over a cut of the connection that listens', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const follower = follow(api, jobId)
  await yields(api, jobId, names(0, 2))
  await follower.take(2)
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mailquarry live' and datname = current_database()`.execute(
    db,
  )
  await until('the cut is noticed', () => Promise.resolve(!api.live.listening()))
  await yields(api, jobId, names(2, 4))
  await yields(api, jobId, names(4, 6))
  expect((await follower.take(4)).flatMap(addresses)).toEqual(names(2, 6))
})

test.each(['999999999', 'nonsense'])('the job %s is not found, and that is all', async (jobId) => {
  await using api = await startApi(database)
  const follower = follow(api, jobId)
  expect(await follower.next()).toMatchObject({ __typename: 'NotFound', code: 'NOT_FOUND' })
  expect(await follower.next()).toBeUndefined()
})

test('the results of somebody else are not found', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db, { owner: 'somebody else' })
  await yields(api, jobId, names(0, 2))
  const follower = follow(api, jobId)
  expect(await follower.next()).toMatchObject({ __typename: 'NotFound' })
  expect(await follower.next()).toBeUndefined()
})

test('a cursor of something else is refused', async () => {
  await using api = await startApi(database)
  const results = api.socket().iterate({ query: jobResults, variables: { jobId: '1', after: 'nonsense' } })
  const refused = await results.next().then(
    ({ value }) => (value as { errors: unknown }).errors,
    (errors: unknown) => errors,
  )
  expect(refused).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
})

test('nothing is left of a subscription that is completed', async () => {
  await using api = await startApi(database)
  const results = api.socket().iterate({ query: jobResults, variables: { jobId: String(await addJob(db)) } })
  const next = results.next()
  await until('it follows', () => Promise.resolve(api.live.load().followers === 1))
  await results.return!()
  await next.catch(() => {})
  await until('all is released', () => Promise.resolve(api.live.load().jobs === 0))
})

function follow(api: TestApi, jobId: number | string, after?: string) {
  const results = api
    .socket()
    .iterate<{ jobResults: Payload }>({ query: jobResults, variables: { jobId: String(jobId), after } })
  const next = async (): Promise<Payload | undefined> => {
    const { done, value } = await results.next()
    if (done) return undefined
    expect(value.errors).toBeUndefined()
    return value.data!.jobResults
  }
  const batchesUntil = async (enough: (batches: Payload[]) => boolean) => {
    const batches: Payload[] = []
    while (!enough(batches)) batches.push((await next())!)
    return batches
  }
  return {
    next,
    /** Batches until so many results have come. */
    take: (count: number) => batchesUntil((batches) => batches.flatMap(addresses).length >= count),
    untilEnded: () => batchesUntil((batches) => batches.at(-1)?.ended === true),
    /** What comes within a time. */
    async raw(ms: number): Promise<Payload[]> {
      const batches: Payload[] = []
      const end = new Promise<undefined>((resolve) => setTimeout(resolve, ms, undefined))
      for (;;) {
        const batch = await Promise.race([next(), end])
        if (!batch) return batches
        batches.push(batch)
      }
    },
    close: () => results.return!(),
  }
}

/** As a client whose connection breaks after every batch. */
async function readInPieces(api: TestApi, jobId: number, total: number): Promise<string[]> {
  const read: string[] = []
  let cursor: string | undefined
  while (read.length < total) {
    const follower = follow(api, jobId, cursor)
    const batch = (await follower.next())!
    read.push(...addresses(batch))
    cursor = batch.cursor
    await follower.close()
  }
  return read
}

/** A commit group as the engine leaves and tells it. */
async function yields(api: TestApi, jobId: number, found: string[], groupId?: number, state = 'RUNNING') {
  await db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ steps: number }>`
      update jobs set steps = steps + 1, results = results + ${found.length}, state = ${state}, updated_at = now()
      where id = ${jobId} returning steps`.execute(trx)
    const { steps } = rows[0]!
    await addAddresses(
      trx,
      jobId,
      { seq: steps, groupId: groupId ?? steps },
      found.map((address) => ({ address })),
    )
  })
  api.engine.notices.changed(jobId, 0)
}

function names(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `a${String(from + i).padStart(5, '0')}@example.com`)
}

function addresses(batch: Payload): string[] {
  return batch.results.map(({ address }) => address)
}
