import { type Kysely, sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { beginBatch } from './service-batches.ts'
import { beginCall } from './service-calls.ts'
import { addSuppressions } from './suppressions.ts'
import type { DB } from './types.ts'

// What is written about addresses before a service is asked, in the very moment in which one of them is suppressed.

const { db } = await testDatabase()
const by = { service: 'mailsso', jobId: 1, workerId: 'w' }

/** As a change of the list does, it lets nobody look until it is done. `begin` starts while it is under way. */
async function whileSuppressing<T>(address: string, begin: () => Promise<T>): Promise<T> {
  const begun = await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('mailquarry.suppression', 0))`.execute(trx)
    const begun = begin()
    await Promise.race([begun, someoneWaits(db)])
    await addSuppressions(trx, [address], { reason: 'asked not to', source: 'PERSON' })
    return { begun }
  })
  return begun.begun
}

async function someoneWaits(db: Kysely<DB>): Promise<void> {
  for (;;) {
    const { rows } = await sql`
      select from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
      where l.locktype = 'advisory' and not l.granted`.execute(db)
    if (rows.length > 0) return
  }
}

test('a batch goes without the address that is suppressed as it is written down', async () => {
  const batch = await whileSuppressing('gone@firm.com', () =>
    beginBatch(db, { ...by, account: 'a', addresses: ['gone@firm.com', 'stays@firm.com'], at: new Date() }),
  )
  expect(batch?.addresses).toEqual(['stays@firm.com'])
  const { rows } = await sql`select address from service_batch_addresses`.execute(db)
  expect(rows).toEqual([{ address: 'stays@firm.com' }])
})

test('a batch of which nothing is left is none', async () => {
  await addSuppressions(db, ['nobody@firm.com'], { reason: 'asked not to', source: 'PERSON' })
  expect(await beginBatch(db, { ...by, account: 'b', addresses: ['nobody@firm.com'], at: new Date() })).toBeUndefined()
  expect((await sql`select from service_batches where account = 'b'`.execute(db)).rows).toHaveLength(0)
})

test('no call is made about an address that is suppressed as it is written down', async () => {
  const begin = (address: string) => () => beginCall(db, { ...by, address })
  expect(await whileSuppressing('person@firm.com', begin('person@firm.com'))).toBeUndefined()
  expect(await whileSuppressing('somebody@firm.com', begin('other@firm.com'))).toEqual(expect.any(Number))
  expect((await sql`select address from service_calls`.execute(db)).rows).toEqual([{ address: 'other@firm.com' }])
})
