import { setTimeout } from 'node:timers/promises'

import { Client, fetchExchange } from '@urql/core'
import urql from '@urql/vue'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createApp, effectScope } from 'vue'

import { type LogEvent, useJobLog } from '../../client/jobs/use-job-log.ts'
import { localOwner } from '../../server/auth.ts'
import { startApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { addJob } from '../support/rows.ts'

// What the page of a job does to be right again when the connection is back.

const database = await testDatabase()
const api = await startApi(database)
afterAll(() => api.close())

async function openLog(events: number) {
  const jobId = await addJob(database.db, { owner: localOwner, state: 'COMPLETED' })
  const happen = (from: number, to: number) =>
    sql`insert into job_events (job_id, seq, type) select ${jobId}, i, 'note' from generate_series(${from}::int, ${to}::int) i`.execute(
      database.db,
    )
  await happen(1, events)
  let requests = 0
  let isCut = false
  const client = new Client({
    url: `${api.url}/graphql`,
    preferGetMethod: false,
    fetchOptions: { headers: { 'x-graphql-yoga-csrf': '1' } },
    fetch(...request) {
      requests++
      return isCut ? Promise.reject(new Error('The network is away.')) : fetch(...request)
    },
    exchanges: [fetchExchange],
  })
  const app = createApp({}).use(urql, client)
  const log = app.runWithContext(() =>
    effectScope().run(() => useJobLog(String(jobId), { onFlush() {}, begin: async () => void (await log.reload()) })),
  )!
  expect(await log.reload()).toBe(events)
  return { log, happen, requests: () => requests, cut: (cut: boolean) => (isCut = cut) }
}

test('events that were missed are fetched by the page, without a hole to what was there', async () => {
  const { log, happen, requests } = await openLog(50)
  await happen(51, 700)
  const before = requests()
  expect(await log.catchUp()).toBe(true)
  expect(log.events.value.map(({ seq }) => seq)).toEqual(Array.from({ length: 700 }, (_, i) => i + 1))
  expect(requests() - before).toBe(4)
  expect(log.hasEarlier.value).toBe(false)
  expect(log.beginnings.value).toBe(1)

  // Nothing has happened: one look.
  expect(await log.catchUp()).toBe(true)
  expect(requests() - before).toBe(5)
})

test('after an outage in which too much has happened the log begins anew with the newest', async () => {
  const { log, happen } = await openLog(50)
  await happen(51, 5_100)
  expect(await log.catchUp()).toBe(true)
  expect(log.events.value.map(({ seq }) => seq)).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 101))
  expect(log.hasEarlier.value).toBe(true)
  expect(log.beginnings.value).toBe(2)
  await log.loadEarlier()
  expect(log.hasEarlier.value).toBe(false)
  expect(log.events.value[0]?.seq).toBe(1)
})

test('what was asked before the log began anew, as when a person was forgotten, is not put into it', async () => {
  const { log, happen } = await openLog(450)
  const earlier = log.loadEarlier()
  expect(await log.reload()).toBe(450)
  await earlier
  expect(log.events.value.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 251))
  await happen(451, 460)
  const missed = log.catchUp()
  expect(await log.reload()).toBe(460)
  expect(await missed).toBe(true)
  expect(log.events.value[0]?.seq).toBe(261)
  expect(log.loading.value).toBe(false)
})

test('a log that was empty has all from its first event on, however its first catch-up went', async () => {
  const { log, happen, cut } = await openLog(0)
  await happen(1, 301)
  cut(true)
  expect(await log.catchUp()).toBe(false)
  // What the stream tells next.
  log.add({ seq: 301, type: 'note' } as LogEvent)
  await setTimeout(300)
  cut(false)
  expect(await log.catchUp()).toBe(true)
  expect(log.events.value.map(({ seq }) => seq)).toEqual(Array.from({ length: 301 }, (_, i) => i + 1))
})
