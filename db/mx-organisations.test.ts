import { randomUUID } from 'node:crypto'

import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import {
  type MxLimits,
  openCircuit,
  releaseConnection,
  reserveConnection,
  slowDown,
  speedUp,
} from './mx-organisations.ts'

// Limits towards those who run mail hosts: rows, so that they hold over all workers.

const { db } = await testDatabase()
const strict: MxLimits = { connections: 2, intervalMs: 0, perHour: 10, perDay: 16 }
const now = new Date()
let made = 0
const organisationOfItsOwn = () => `org${made++}.com`

interface Asked {
  recipients?: number
  lease?: string
  at?: Date
  limits?: MxLimits
}

const reserve = (
  organisation: string,
  { recipients = 1, lease = randomUUID(), at = now, limits = strict }: Asked = {},
) => reserveConnection(db, { organisation, lease, workerId: `worker-${made++}`, recipients, now: at, limits })

test('two connections at a time, whoever asks at the same moment', async () => {
  const organisation = organisationOfItsOwn()
  const lease = randomUUID()
  expect(await reserve(organisation, { lease })).toEqual({ may: 'connect' })
  const answers = await Promise.all(Array.from({ length: 8 }, () => reserve(organisation)))
  expect(answers.filter(({ may }) => may === 'connect')).toHaveLength(1)
  expect(answers.filter(({ may }) => may === 'wait')).toHaveLength(7)
  expect(await reserve(organisationOfItsOwn())).toEqual({ may: 'connect' })
  await releaseConnection(db, lease)
  expect(await reserve(organisation)).toEqual({ may: 'connect' })
})

test('a connection whose worker has vanished is free when its lease is over', async () => {
  const organisation = organisationOfItsOwn()
  for (let i = 0; i < 2; i++) await reserve(organisation)
  expect(await reserve(organisation)).toMatchObject({ may: 'wait' })
  await sql`update mx_connections set leased_until = now() where organisation = ${organisation}`.execute(db)
  expect(await reserve(organisation)).toEqual({ may: 'connect' })
})

test('no more recipients than an hour and a day have, and again when these are over', async () => {
  const organisation = organisationOfItsOwn()
  const ask = async (recipients: number) => {
    const lease = randomUUID()
    const answer = await reserve(organisation, { recipients, lease })
    await releaseConnection(db, lease)
    return answer.may === 'wait' ? answer.why : answer.may
  }
  const past = (column: string, interval: string) =>
    sql`update mx_organisations set ${sql.ref(column)} = now() - ${interval}::interval where organisation = ${organisation}`.execute(
      db,
    )
  expect([await ask(5), await ask(5), await ask(1)]).toEqual(['connect', 'connect', `hourly limit of ${organisation}`])
  await past('hour_at', '59 minutes')
  expect(await ask(1)).toBe(`hourly limit of ${organisation}`)
  await past('hour_at', '60 minutes')
  expect([await ask(5), await ask(2)]).toEqual(['connect', `daily limit of ${organisation}`])
  await past('day_at', '24 hours')
  expect(await ask(5)).toBe('connect')
})

test('who asks for patience is called half as often, until they talk to us again', async () => {
  const organisation = organisationOfItsOwn()
  const limits = { ...strict, intervalMs: 500 }
  const pause = async () => {
    const { rows } = await sql<{ ms: number }>`
      select interval_ms as ms from mx_organisations where organisation = ${organisation}`.execute(db)
    return rows[0]!.ms
  }
  expect(await reserve(organisation, { limits })).toEqual({ may: 'connect' })
  expect(await reserve(organisation, { limits })).toMatchObject({ may: 'wait', why: expect.stringContaining('pause') })
  await slowDown(db, organisation)
  expect(await pause()).toBe(2_000)
  await slowDown(db, organisation)
  expect(await pause()).toBe(4_000)
  await speedUp(db, organisation, limits)
  expect(await pause()).toBe(3_000)
  for (let i = 0; i < 20; i++) await speedUp(db, organisation, limits)
  expect(await pause()).toBe(500)
})

test('who refuses to talk to us is left alone for an hour, then for longer, until they talk to us', async () => {
  const organisation = organisationOfItsOwn()
  const hour = 3_600_000
  const holdMs = [hour, 4 * hour]
  await reserve(organisation)
  let at = now
  for (const ms of [hour, 4 * hour, 4 * hour]) {
    await openCircuit(db, organisation, { now: at, why: '554 no', holdMs })
    // Others who hear it at the same time make it no longer.
    await openCircuit(db, organisation, { now: at, why: '554 no', holdMs })
    const until = new Date(at.getTime() + ms)
    expect(await reserve(organisation, { at: new Date(until.getTime() - 1) })).toEqual({
      may: 'not',
      until,
      why: '554 no',
    })
    at = until
    expect((await reserve(organisation, { at, limits: { ...strict, connections: 99 } })).may).toBe('connect')
  }
  await speedUp(db, organisation, strict)
  await openCircuit(db, organisation, { now: at, why: '554 no', holdMs })
  expect(await reserve(organisation, { at })).toMatchObject({ until: new Date(at.getTime() + hour) })
})
