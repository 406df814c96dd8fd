import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'

import { pruneEvents } from '../../db/prune-events.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { addEvents, addJob, addNotes } from '../support/rows.ts'

const database = await testDatabase()
const { db } = database

const jobEvents = `subscription ($jobId: ID!, $after: Float) {
  jobEvents(jobId: $jobId, after: $after) {
    __typename
    ... on JobSnapshot { job { id state lastSeq progress { done ratePerSecond workers { id } } waitingUntil } }
    ... on JobEvent { seq type message }
    ... on ResyncRequired { firstSeq lastSeq }
    ... on NotFound { code }
  }
}`

interface Payload {
  __typename: 'JobSnapshot' | 'JobEvent' | 'ResyncRequired' | 'NotFound'
  seq: number
  message: string
  firstSeq: number
  lastSeq: number
  job: { state: string; lastSeq: number; progress: { done: number } }
}

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

test.each([-1, 1.5])('after %f is refused', async (after) => {
  await using api = await startApi(database)
  const results = api.socket().iterate({ query: jobEvents, variables: { jobId: '1', after } })
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

test('an event is executed once for all who asked with the same document, wherever they began and whatever they came by', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  await addNotes(db, jobId, 20)
  const followers = Array.from({ length: 20 }, (_, after) => follow(api, jobId, after))
  const events = await serverSentEvents(api, jobId, 20)
  for (const follower of followers) while ((await follower.next())?.__typename !== 'JobSnapshot');
  await until('the snapshot', () => Promise.resolve(events.text.value.includes('"JobSnapshot"')))

  const executions: string[] = []
  const channel = tracingChannel('graphql:execute:rootSelectionSet')
  const count = { start: () => void executions.push('') }
  channel.subscribe(count)
  await happen(api, jobId, 3)
  for (const follower of followers) for (const seq of [21, 22, 23]) while ((await follower.next())?.seq !== seq);
  await until('the events', () => Promise.resolve(events.text.value.includes('"seq":23')))
  channel.unsubscribe(count)
  // Three events, and the snapshots around them.
  expect(executions.length).toBeGreaterThanOrEqual(3)
  expect(executions.length).toBeLessThan(10)
  events.abort()
})

test('a change that nobody told of is found within seconds', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const follower = follow(api, jobId)
  await follower.next()
  await addNotes(db, jobId, 1)
  const began = performance.now()
  expect(await follower.next()).toMatchObject({ seq: 1 })
  expect(performance.now() - began).toBeLessThan(5_000)
})

test('events come at once again after the connection that listens was cut, and none is left out', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const follower = follow(api, jobId)
  await follower.next()
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mailquarry live' and datname = current_database()`.execute(
    db,
  )
  await until('the cut is noticed', () => Promise.resolve(!api.live.listening()))
  await addNotes(db, jobId, 3)
  await until('it listens again', () => Promise.resolve(api.live.listening()))
  const seqs: number[] = []
  while (seqs.at(-1) !== 3) {
    const payload = await follower.next()
    if (payload?.__typename === 'JobEvent') seqs.push(payload.seq)
  }
  expect(seqs).toEqual([1, 2, 3])
})

test.each<[string, (client: ReturnType<TestApi['socket']>, iterator: AsyncIterator<unknown>) => unknown]>([
  ['it is completed', (_client, iterator) => iterator.return!()],
  ['the socket closes', (client) => client.dispose()],
  ['the socket breaks', (client) => client.terminate()],
])('nothing is left of a subscription when %s', async (_what, leave) => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const client = api.socket()
  const iterators = [1, 2, 3].map(() => client.iterate({ query: jobEvents, variables: { jobId: String(jobId) } }))
  await Promise.all(iterators.map((iterator) => iterator.next()))
  expect(api.live.load()).toEqual({ jobs: 1, followers: 3, lists: 0 })
  for (const iterator of iterators) await Promise.resolve(leave(client, iterator)).catch(() => {})
  await until('all is released', () => Promise.resolve(api.live.load().jobs === 0 && api.live.load().followers === 0))
})

test('at a shutdown subscribers are sent away to reconnect, not told that it is over', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const results = api.socket().iterate({ query: jobEvents, variables: { jobId: String(jobId) } })
  await results.next()
  const next = results.next()
  await api.stopServing()
  await expect(next).rejects.toMatchObject({ code: 1001 })
  await until('the subscription is gone', () => Promise.resolve(api.live.load().followers === 0))
})

test('server-sent events carry the same, and end with the connection', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db)
  const { text, abort } = await serverSentEvents(api, jobId, 0)
  await until('the snapshot', () => Promise.resolve(text.value.includes('"JobSnapshot"')))
  await happen(api, jobId, 2)
  await until('both events', () => Promise.resolve(text.value.includes('"seq":2')))
  expect(text.value.match(/"seq":\d/g)).toEqual(['"seq":1', '"seq":2'])
  abort()
  await until('the subscription is gone', () => Promise.resolve(api.live.load().followers === 0))
})

test('a socket that takes nothing is dropped, and slows nobody down', async () => {
  await using api = await startApi(database, { stalledMs: 1_000 })
  const jobId = await addJob(db)
  const sockets: Socket[] = []
  const collect = (message: unknown) => void sockets.push((message as { socket: Socket }).socket)
  subscribe('net.server.socket', collect)
  const stalled = await rawSubscription(api, jobId)
  unsubscribe('net.server.socket', collect)
  const lively = follow(api, jobId)
  await lively.next()
  stalled.pause()
  // More than the buffers of two sockets hold.
  const message = 'x'.repeat(60_000)
  let heldBytes = 0
  for (let i = 0; i < 20; i++) {
    await addEvents(
      db,
      jobId,
      Array.from({ length: 25 }, () => ({ type: 'note', data: { message } })),
    )
    api.engine.notices.changed(jobId, 0)
    heldBytes = Math.max(heldBytes, ...sockets.map((socket) => socket.writableLength))
  }
  let seq = 0
  while (seq < 500) seq = (await lively.next())?.seq ?? seq
  // Of 30 MB: the sixteen events that were handed over together while there was room, and the sixteen after them that wait for room.
  expect(heldBytes).toBeGreaterThan(0)
  expect(heldBytes).toBeLessThan(33 * message.length)
  await until('the stalled one is gone', () => Promise.resolve(api.live.load().followers === 1), 10_000)
})

test('a socket whose machine has vanished is dropped, although there is nothing to send to it', async () => {
  await using api = await startApi(database)
  const jobId = await addJob(db, { state: 'PAUSED' })
  await rawSubscription(api, jobId, { autoPong: false })
  await rawSubscription(api, jobId)
  expect(api.live.load().followers).toBe(2)
  await until('one is gone', () => Promise.resolve(api.live.load().followers === 1), 60_000)
})

function follow(api: TestApi, jobId: number | string, after?: number) {
  const results = api
    .socket()
    .iterate<{ jobEvents: Payload }>({ query: jobEvents, variables: { jobId: String(jobId), after } })
  return {
    async next(): Promise<Payload | undefined> {
      const { done, value } = await results.next()
      if (done) return undefined
      expect(value.errors).toBeUndefined()
      return value.data!.jobEvents
    },
  }
}

/** Events as the engine leaves and tells them. */
async function happen(api: TestApi, jobId: number, count: number): Promise<void> {
  api.engine.notices.changed(jobId, await addNotes(db, jobId, count))
}

async function serverSentEvents(api: TestApi, jobId: number, after: number) {
  const aborted = new AbortController()
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: jobEvents, variables: { jobId: String(jobId), after } }),
    signal: aborted.signal,
  })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  return { text: textOf(response.body!), abort: () => aborted.abort() }
}

/** What has come of a stream so far. */
function textOf(stream: ReadableStream<Uint8Array>): { value: string } {
  const text = { value: '' }
  const decoder = new TextDecoder()
  void stream
    .pipeTo(new WritableStream({ write: (chunk) => void (text.value += decoder.decode(chunk, { stream: true })) }))
    .catch(() => {})
  return text
}

async function seqsOf(db: typeof database.db, jobId: number): Promise<number[]> {
  const { rows } = await sql<{ seq: number }>`select seq from job_events where job_id = ${jobId} order by seq`.execute(
    db,
  )
  return rows.map(({ seq }) => seq)
}

async function rawSubscription(api: TestApi, jobId: number, options: ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', options)
  await new Promise((resolve) => socket.once('open', resolve))
  const acknowledged = new Promise((resolve) => socket.once('message', resolve))
  socket.send('{"type":"connection_init"}')
  await acknowledged
  const first = new Promise((resolve) => socket.once('message', resolve))
  const payload = { query: jobEvents, variables: { jobId: String(jobId) } }
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }))
  await first
  return socket
}
