import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addEvents, addJob } from '../support/rows.ts'

const database = await testDatabase()
const { db } = database
const address = 'ada@lovelace.example'

test('tells how often somebody was forgotten, to everybody at every server, and again once somebody is', async () => {
  await using api = await startApi(database)
  await using other = await startApi(database)
  const heard = [listen(api), listen(other)]
  const next = () => Promise.all(heard.map((each) => each.next()))
  const [before] = await next()
  const told = next()
  const first = await Promise.race([told, sql`select pg_sleep(0.3)`.execute(db).then(() => 'silence')])
  expect(first).toBe('silence')
  const done = forget(api)
  expect(await told).toEqual([before! + 1, before! + 1])
  expect(await db.selectFrom('suppressions').select(['address', 'forgetting']).execute()).toEqual([
    { address: null, forgetting: false },
  ])
  await done
  expect(await listen(other).next()).toBe(before! + 1)
})

test('who comes back after a restart learns that somebody was forgotten meanwhile', async () => {
  const api = await startApi(database)
  const before = await listen(api).next()
  await api.close()
  await using elsewhere = await startApi(database)
  await forget(elsewhere)
  await using again = await startApi(database)
  expect(await listen(again).next()).toBe(before! + 1)
})

test('tells what it has not heard of over a lost connection, and nothing where nothing has happened', async () => {
  await using api = await startApi(database)
  const heard = listen(api)
  const before = (await heard.next())!
  const loseConnection = async () => {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mailquarry live' and datname = current_database()`.execute(
      db,
    )
    await until('it has noticed', () => Promise.resolve(!api.live.listening()))
    await until('it listens again', () => Promise.resolve(api.live.listening()))
  }
  await loseConnection()
  // Nobody notifies of it.
  await sql`update forgettings set count = count + 1`.execute(db)
  const told = heard.next()
  const first = await Promise.race([told, sql`select pg_sleep(0.3)`.execute(db).then(() => 'silence')])
  expect(first).toBe('silence')
  await loseConnection()
  expect(await told).toBe(before + 1)
})

test('what is followed of a job names them no more, not even to who comes back with what they had seen', async () => {
  await using api = await startApi(database)
  const id = await addJob(db, { title: `about ${address}` })
  const follow = (after?: number) =>
    api.socket().iterate<{ jobEvents: { job?: { title: string }; message?: string } }>({
      query:
        'subscription ($id: ID!, $after: Float) { jobEvents(jobId: $id, after: $after) { ... on JobSnapshot { job { title } } ... on JobEvent { message } } }',
      variables: { id, after },
    })
  const open = follow()
  const next = async () => (await open.next()).value?.data?.jobEvents
  expect(await next()).toEqual({ job: { title: `about ${address}` } })
  await addEvents(db, id, [{ type: 'finding', data: { item: address, message: `${address} is gone` } }])
  await addAddresses(db, id, { seq: 1, groupId: 1 }, [{ address }])
  api.engine.notices.changed(id, 1)
  expect(await next()).toEqual({ message: `${address} is gone` })

  await forget(api)
  for (let told = await next(); told?.job?.title !== 'about [forgotten]'; told = await next());
  const late = follow(0)
  expect((await late.next()).value?.data?.jobEvents).toEqual({ message: '[forgotten] is gone' })
})

/** What is told on a connection of its own. */
function listen(api: TestApi) {
  const told = api.socket().iterate<{ forgotten: number }>({ query: 'subscription { forgotten }' })
  return { next: async () => (await told.next()).value?.data?.forgotten }
}

async function forget(api: TestApi) {
  const { forgetAddress } = await api.data<{ forgetAddress: object }>(
    `mutation { forgetAddress(address: "${address}", reason: "request 7") { __typename } }`,
  )
  expect(forgetAddress).toEqual({ __typename: 'ForgetSuccess' })
}
