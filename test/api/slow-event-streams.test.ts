import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { until } from '../support/engine.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { addEvents, addJob, addNotes } from '../support/rows.ts'

const stalledMs = 3_000
/** A log of 12 MB, more than the buffers between two sockets hold. */
const eventsAtFirst = 3_000

let database: TestDatabase
let api: TestApi
let jobId: number

beforeAll(async () => {
  database = await testDatabase()
  api = await startApi(database, { stalledMs })
  jobId = await addJob(database.db)
  const message = 'x'.repeat(4_000)
  await addEvents(
    database.db,
    jobId,
    Array.from({ length: eventsAtFirst }, () => ({ type: 'note', data: { message } })),
  )
})
afterAll(async () => {
  await api.close()
  await database.close()
})

test('who reads a stream of events slowly gets each of them once, however long it takes', async () => {
  const stream = await follow(0)
  const began = performance.now()
  const seen: number[] = []
  const reading = (async () => {
    for await (const seq of seqsOf(stream, 50)) if (seen.push(seq) === eventsAtFirst + 5) break
  })()
  await until('it has begun to read', () => Promise.resolve(seen.length > 0))
  // While it is behind, the job goes on.
  const last = await addNotes(database.db, jobId, 5)
  api.engine.notices.changed(jobId, last)
  await reading
  expect(seen).toEqual(Array.from({ length: last }, (_, i) => i + 1))
  expect(performance.now() - began).toBeGreaterThan(2 * stalledMs)
})

test('who stops reading a stream is sent away, and keeps nobody waiting', async () => {
  await until('nobody follows', () => Promise.resolve(api.live.load().followers === 0))
  const asleep = await follow(0)
  await once(asleep, 'readable')
  const { seq } = await database.db.selectFrom('jobs').select('seq').where('id', '=', jobId).executeTakeFirstOrThrow()
  const awake = await follow(seq)
  await until('both follow', () => Promise.resolve(api.live.load().followers === 2))

  const last = await addNotes(database.db, jobId, 20)
  api.engine.notices.changed(jobId, last)
  const heard: number[] = []
  for await (const each of seqsOf(awake, 0)) if (heard.push(each) === 20) break
  expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => seq + 1 + i))
  await until('it is sent away', () => Promise.resolve(api.live.load().followers === 0))
  // What had been on its way comes, then the end: its reader subscribes anew behind the last event that it has had.
  const had: number[] = []
  await expect(
    (async () => {
      for await (const each of seqsOf(asleep, 0)) had.push(each)
    })(),
  ).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(had.length).toBeLessThan(eventsAtFirst)
  expect(had).toEqual(had.map((_, i) => i + 1))
  for await (const next of seqsOf(await follow(had.length), 0)) {
    expect(next).toBe(had.length + 1)
    break
  }
})

/** Subscribes by server-sent events; nothing is read yet. */
async function follow(after: number): Promise<IncomingMessage> {
  const query = `subscription ($jobId: ID!, $after: Float) { jobEvents(jobId: $jobId, after: $after) {
    ... on JobEvent { seq message } ... on ResyncRequired { firstSeq } } }`
  const asked = request(`${api.url}/graphql`, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
  })
  asked.end(JSON.stringify({ query, variables: { jobId: String(jobId), after } }))
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  return response
}

/** The numbers of the events in a stream, with a pause after each 64 kB of it. */
async function* seqsOf(stream: IncomingMessage, pauseMs: number): AsyncGenerator<number> {
  let rest = ''
  let unpaused = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const seq = /^data: .*"seq":(\d+)/.exec(line)?.[1]
      if (seq) yield Number(seq)
    }
    unpaused += chunk.length
    if (pauseMs === 0 || unpaused < 65_536) continue
    unpaused = 0
    await sleep(pauseMs)
  }
}
