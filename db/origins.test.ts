import { randomUUID } from 'node:crypto'

import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { leaseMs, releaseLease, renewLease, takeLease } from './origins.ts'

const { db } = await testDatabase()

let hosts = 0
function newHost() {
  const origin = `h${++hosts}.example`
  const run = (workerId = 'w') => {
    const lease = randomUUID()
    return {
      take: (patienceMs = 2_000, delayMs = 0) => takeLease(db, { origin, lease, workerId, patienceMs, delayMs }),
      renew: () => renewLease(db, origin, lease),
      release: (restMs: number) => releaseLease(db, origin, lease, restMs),
    }
  }
  /** As if so much time had gone by. */
  const pass = (ms: number) =>
    sql`update origins set next_at = next_at - ${ms} * interval '1 ms', leased_until = leased_until - ${ms} * interval '1 ms', next_until = next_until - ${ms} * interval '1 ms' where origin = ${origin}`.execute(
      db,
    )
  return { origin, run, pass }
}

test('one run holds a host at a time', async () => {
  const { run } = newHost()
  const [a, b] = [run(), run()]
  expect(await a.take()).toEqual({ held: true, waitMs: 0 })
  expect(await b.take()).toEqual({ held: false, busy: true })
  await a.release(0)
  expect(await b.take()).toMatchObject({ held: true })
})

test('of many that ask at once one gets it', async () => {
  const { run } = newHost()
  const answers = await Promise.all(Array.from({ length: 10 }, () => run().take()))
  expect(answers.filter(({ held }) => held)).toHaveLength(1)
})

test('the pause is kept by whoever comes next', async () => {
  const { run, pass } = newHost()
  const [a, b] = [run(), run()]
  await a.take()
  await a.release(1_500)
  const soon = await b.take()
  expect(soon).toMatchObject({ held: true })
  expect(soon.held && soon.waitMs).toBeGreaterThan(1_000)
  await b.release(60_000)
  const long = await a.take()
  expect(long).toMatchObject({ held: false, busy: false })
  expect(!long.held && !long.busy && long.waitMs).toBeGreaterThan(59_000)
  await pass(59_500)
  expect(await a.take()).toMatchObject({ held: true })
})

test('who found it taken is next, though not for ever', async () => {
  const { run, pass } = newHost()
  const [a, b, c] = [run(), run(), run()]
  await a.take()
  expect(await b.take()).toEqual({ held: false, busy: true })
  await a.release(0)
  expect(await a.take()).toEqual({ held: false, busy: true })
  expect(await c.take()).toEqual({ held: false, busy: true })
  expect(await b.take()).toMatchObject({ held: true })
  await b.release(0)
  expect(await a.take()).toMatchObject({ held: true })
  await b.take()
  await a.release(0)
  await pass(3_100)
  expect(await c.take()).toMatchObject({ held: true })
})

test('a lease that is not renewed runs out', async () => {
  const { run, pass } = newHost()
  const [dead, living] = [run('dead'), run('living')]
  await dead.take()
  await pass(leaseMs - 100)
  expect(await dead.renew()).toBe(true)
  await pass(leaseMs - 100)
  expect(await living.take()).toMatchObject({ held: false })
  await pass(200)
  expect(await living.take()).toMatchObject({ held: true })
  expect(await dead.renew()).toBe(false)
  // Too late to give back what is another's.
  await dead.release(0)
  expect(await living.renew()).toBe(true)
})

test('the pause is kept even after a run that died before it could give the host back', async () => {
  const { run, pass } = newHost()
  const [dead, living] = [run('dead'), run('living')]
  expect(await dead.take(2_000, 1_500)).toEqual({ held: true, waitMs: 0 })
  await sql`update origins set leased_by = null, leased_until = null where leased_by = 'dead'`.execute(db)
  const answer = await living.take(2_000, 1_500)
  expect(answer.held && answer.waitMs).toBeGreaterThan(1_000)
  await living.release(0)
  await pass(1)
  expect(await run().take()).toEqual({ held: true, waitMs: 0 })
})

test('the leases of a worker can be cleared', async () => {
  const { run, origin } = newHost()
  const [dead, living] = [run('dead'), run('living')]
  await dead.take()
  await sql`update origins set leased_by = null, leased_until = null where leased_by = 'dead'`.execute(db)
  expect(await living.take()).toMatchObject({ held: true })
  expect(await dead.renew()).toBe(false)
  const { rows } = await sql`select leased_by from origins where origin = ${origin}`.execute(db)
  expect(rows).toEqual([{ leased_by: 'living' }])
})
