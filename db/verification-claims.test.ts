import { randomUUID } from 'node:crypto'

import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { claimDomains } from './domain-facts.ts'
import { reserveConnection } from './mx-organisations.ts'
import { claimAddresses, releaseClaims, releaseClaimsOf } from './verification-claims.ts'

const { db } = await testDatabase()
const by = { depth: 'SMTP', engine: 'builtin' }
const claim = (workerId: string, addresses: string[], lease: string = randomUUID()) =>
  claimAddresses(db, addresses, { ...by, workerId, lease })

test('an address is claimed by one at a time, until it is given back or the lease is over', async () => {
  const lease = randomUUID()
  expect(await claim('one', ['a@x.com', 'b@x.com'], lease)).toEqual(['a@x.com', 'b@x.com'])
  expect(await claim('one', ['a@x.com', 'c@x.com'])).toEqual(['c@x.com'])
  await releaseClaims(db, 'two', lease)
  expect(await claim('two', ['a@x.com'])).toEqual([])
  await releaseClaims(db, 'one', lease, ['a@x.com'])
  expect(await claim('two', ['a@x.com', 'b@x.com'])).toEqual(['a@x.com'])
  await sql`update verification_claims set leased_until = now() where address = 'b@x.com'`.execute(db)
  expect(await claim('two', ['b@x.com', 'c@x.com'])).toEqual(['b@x.com'])
  // Whose lease was over does not give back what another one has now.
  await releaseClaims(db, 'one', lease)
  expect(await claim('three', ['b@x.com'])).toEqual([])
})

test('what a dead worker held is free at once: addresses, domains and connections', async () => {
  const now = new Date()
  const take = async (workerId: string) => {
    const lease = randomUUID()
    const limits = { connections: 1, intervalMs: 0, perHour: 10, perDay: 10 }
    const reserved = { organisation: 'dead.com', lease, workerId, recipients: 1, now, limits }
    return {
      addresses: await claim(workerId, ['a@dead.com'], lease),
      domains: (await claimDomains(db, ['dead.com'], { now, notBefore: null, workerId, lease })).length,
      connection: (await reserveConnection(db, reserved)).may,
    }
  }
  const all = { addresses: ['a@dead.com'], domains: 1, connection: 'connect' }
  expect(await take('dying')).toEqual(all)
  expect(await take('living')).toEqual({ addresses: [], domains: 0, connection: 'wait' })
  await releaseClaimsOf(db, 'dying')
  expect(await take('living')).toEqual(all)
})
