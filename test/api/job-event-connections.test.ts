import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'

import { startApi, type TestApi } from '../support/api.ts'
import { until } from '../support/engine.ts'
import { follow, happen, jobEvents } from '../support/job-events.ts'
import { testDatabase } from '../support/postgres.ts'
import { addEvents, addJob, addNotes } from '../support/rows.ts'

// How events of a job reach those who follow it: who shares them, and what becomes of connections that are cut, closed or stalled.

const database = await testDatabase()
const { db } = database

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
