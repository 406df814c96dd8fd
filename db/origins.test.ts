import { randomUUID } from 'node:crypto'

import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { clearLeases, giveWay, leaseMs, type Release, releaseLease, renewLease, takeLease } from './origins.ts'

const { db } = await testDatabase()

const mostAtAddress = 2
const told = (release: Partial<Release>) => ({
  restMs: 0,
  askedAgoMs: null,
  latencyMs: null,
  slowedMs: 0,
  ...release,
})

let hosts = 0
function newHost(address: string | null = null) {
  const origin = `h${++hosts}.example`
  const run = (workerId = 'w') => {
    const lease = randomUUID()
    return {
      take: (patienceMs = 2_000, delayMs = 0) =>
        takeLease(db, { origin, lease, workerId, patienceMs, delayMs, address, mostAtAddress }),
      renew: (delayMs = 0) => renewLease(db, origin, lease, delayMs),
      release: (restMs: number, more: Partial<Release> = {}) =>
        releaseLease(db, origin, lease, told({ restMs, ...more })),
      giveWay: () => giveWay(db, origin, lease, { ...told({}), mostAtAddress }),
    }
  }
  /** As if so much time had gone by. */
  const pass = (ms: number) =>
    sql`update origins set next_at = next_at - ${ms} * interval '1 ms', asked_at = asked_at - ${ms} * interval '1 ms', leased_until = leased_until - ${ms} * interval '1 ms', next_until = next_until - ${ms} * interval '1 ms' where origin = ${origin}`.execute(
      db,
    )
  return { origin, run, pass }
}

test('one run holds a host at a time', async () => {
  const { run } = newHost()
  const [a, b] = [run(), run()]
  expect(await a.take()).toMatchObject({ held: true, waitMs: 0 })
  expect(await b.take()).toEqual({ held: false, busy: 'origin' })
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
  expect(await b.take()).toEqual({ held: false, busy: 'origin' })
  await a.release(0)
  expect(await a.take()).toEqual({ held: false, busy: 'origin' })
  expect(await c.take()).toEqual({ held: false, busy: 'origin' })
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
  expect(await dead.take(2_000, 1_500)).toMatchObject({ held: true, waitMs: 0 })
  // What it asked last may have been just now, long after it took the host.
  await pass(5_000)
  await clearLeases(db, 'dead')
  const answer = await living.take(2_000, 1_500)
  expect(answer.held && answer.waitMs).toBeGreaterThan(1_000)
  await living.release(0)
  await pass(1)
  expect(await run().take()).toMatchObject({ held: true, waitMs: 0 })
})

test('the pause is kept after a lease that ran out, and by the one that was renewed with', async () => {
  const { run, pass } = newHost()
  const [frozen, living] = [run(), run()]
  await frozen.take(2_000, 100)
  expect(await frozen.renew(1_500)).toBe(true)
  await pass(leaseMs + 200)
  const answer = await living.take()
  expect(answer.held && answer.waitMs).toBeGreaterThan(1_000)
})

test('who wants a longer pause keeps it after the request of another', async () => {
  const { run } = newHost()
  const [quick, slow] = [run(), run()]
  await quick.take(2_000, 100)
  await quick.release(100, { askedAgoMs: 0 })
  expect(await slow.take(2_000, 60_000)).toMatchObject({ held: false, busy: false })
  const answer = await slow.take(2_000, 1_800)
  expect(answer.held && answer.waitMs).toBeGreaterThan(1_500)
})

test('what a host has shown is known to whoever takes it next', async () => {
  const { run } = newHost()
  const [a, b] = [run(), run()]
  expect(await a.take()).toMatchObject({ latencyMs: null, slowedMs: 0 })
  await a.release(0, { latencyMs: 750, slowedMs: 2_000 })
  expect(await b.take()).toMatchObject({ held: true, latencyMs: 750, slowedMs: 2_000 })
})

test('a host is given back on the way only when somebody else wants it', async () => {
  const { run } = newHost()
  const [a, b] = [run(), run()]
  await a.take()
  expect(await a.giveWay()).toBe(false)
  expect(await b.take()).toMatchObject({ held: false })
  expect(await a.giveWay()).toBe(true)
  expect(await a.giveWay()).toBe(false)
  expect(await b.take()).toMatchObject({ held: true })
})

describe('hosts at one address', () => {
  const at = (address: string) => newHost(address).run()

  test('are held up to the cap at a time, however many ask at once', async () => {
    const runs = Array.from({ length: 10 }, () => at('192.0.2.1'))
    const answers = await Promise.all(runs.map((run) => run.take()))
    expect(answers.filter(({ held }) => held)).toHaveLength(mostAtAddress)
    expect(answers.filter((answer) => !answer.held && answer.busy === 'address')).toHaveLength(8)
    expect(await at('192.0.2.2').take()).toMatchObject({ held: true })
    await runs[answers.findIndex(({ held }) => held)]!.release(0)
    const later = await Promise.all(runs.map((run) => run.take()))
    expect(later.filter(({ held }) => held)).toHaveLength(1)
  })

  test('give way to each other when the address is full', async () => {
    const [a, b, c] = [at('192.0.2.3'), at('192.0.2.3'), at('192.0.2.3')]
    await a.take()
    expect(await a.giveWay()).toBe(false)
    await b.take()
    expect(await a.giveWay()).toBe(true)
    expect(await c.take()).toMatchObject({ held: true })
  })

  test('do not count when their lease has run out', async () => {
    const hosts = [newHost('192.0.2.4'), newHost('192.0.2.4')]
    for (const { run } of hosts) await run().take()
    for (const { pass } of hosts) await pass(leaseMs + 1)
    expect(await at('192.0.2.4').take()).toMatchObject({ held: true })
  })
})

test('the leases of a worker can be cleared', async () => {
  const { run, origin } = newHost()
  const [dead, living] = [run('dead'), run('living')]
  await dead.take()
  await clearLeases(db, 'dead')
  expect(await living.take()).toMatchObject({ held: true })
  expect(await dead.renew()).toBe(false)
  const { rows } = await sql`select leased_by from origins where origin = ${origin}`.execute(db)
  expect(rows).toEqual([{ leased_by: 'living' }])
})
