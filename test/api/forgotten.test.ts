import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addEvents, addJob } from '../support/rows.ts'

const database = await testDatabase()
const { db } = database
const address = 'ada@lovelace.example'

test('tells everybody that somebody was forgotten, once it is done, and nothing before', async () => {
  await using api = await startApi(database)
  await using other = await startApi(database)
  const told = [listen(api), listen(other)].map((heard) => heard.next())
  const first = await Promise.race([...told, sql`select pg_sleep(0.3)`.execute(db).then(() => 'silence')])
  expect(first).toBe('silence')
  const done = forget(api)
  expect(await Promise.all(told)).toEqual([true, true])
  expect(await db.selectFrom('suppressions').select(['address', 'forgetting']).execute()).toEqual([
    { address: null, forgetting: false },
  ])
  await done
})

test('is told, too, where it may not have been heard of', async () => {
  await using api = await startApi(database)
  const told = listen(api).next()
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mailquarry live' and datname = current_database()`.execute(
    db,
  )
  expect(await told).toBe(true)
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
  const told = api.socket().iterate<{ forgotten: boolean }>({ query: 'subscription { forgotten }' })
  return { next: async () => (await told.next()).value?.data?.forgotten }
}

async function forget(api: TestApi) {
  const { forgetAddress } = await api.data<{ forgetAddress: object }>(
    `mutation { forgetAddress(address: "${address}", reason: "request 7") { __typename } }`,
  )
  expect(forgetAddress).toEqual({ __typename: 'ForgetSuccess' })
}
