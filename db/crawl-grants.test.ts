import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { claimAddresses, fullDomains, type GrantUse, starvedShards, takeGrant, useGrants } from './crawl-grants.ts'

const { db } = await testDatabase()

async function newJob(input: object = {}): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into jobs (kind, title, owner, input) values ('test', 'test', 'tester', ${JSON.stringify(input)}::jsonb) returning id`.execute(
    db,
  )
  return rows[0]!.id
}

const domain = 'example.com'
const take = (jobId: number, shard: string, want: number, cap: number) =>
  takeGrant(db, { jobId, domain, shard, want, cap })
const use = (jobId: number, ...uses: Omit<GrantUse, 'domain'>[]) =>
  db.transaction().execute((trx) =>
    useGrants(
      trx,
      jobId,
      uses.map((one) => ({ domain, ...one })),
    ),
  )

test('grants no more than the cap, however many ask at once', async () => {
  const jobId = await newJob()
  const given = await Promise.all(Array.from({ length: 30 }, (_, i) => take(jobId, `h${i}`, 7, 100)))
  expect(given.reduce((sum, pages) => sum + pages, 0)).toBe(100)
  expect(given.filter((pages) => pages === 0)).toHaveLength(15)
})

test('what was granted before a crash is still there after it', async () => {
  const jobId = await newJob()
  expect(await take(jobId, 'a', 10, 100)).toBe(10)
  await use(jobId, { shard: 'a', used: 4, release: false })
  expect(await take(jobId, 'a', 10, 100)).toBe(6)
  await use(jobId, { shard: 'a', used: 6, release: false })
  expect(await take(jobId, 'a', 200, 100)).toBe(90)
})

test('what is left over goes to those that went without', async () => {
  const jobId = await newJob()
  expect(await take(jobId, 'a', 10, 12)).toBe(10)
  expect(await take(jobId, 'b', 10, 12)).toBe(2)
  expect(await take(jobId, 'c', 10, 12)).toBe(0)
  expect(await starvedShards(db, jobId, domain, 12)).toEqual([])
  await use(jobId, { shard: 'a', used: 3, release: true }, { shard: 'b', used: 2, release: false })
  expect(await starvedShards(db, jobId, domain, 12)).toEqual(['c'])
  expect(await take(jobId, 'c', 5, 12)).toBe(5)
  expect(await starvedShards(db, jobId, domain, 12)).toEqual([])
  await use(jobId, { shard: 'a', used: 0, release: true })
  expect(await take(jobId, 'd', 99, 12)).toBe(2)
})

test('lets a domain yield so many addresses, in the order given', async () => {
  const jobId = await newJob({ maxEmailsPerDomain: 3 })
  const claim = (...addresses: string[]) =>
    db.transaction().execute((trx) => claimAddresses(trx, { jobId, domain, cap: 3, addresses }))
  expect(await claim('c', 'a', 'c')).toEqual(new Set(['c', 'a']))
  expect(await fullDomains(db, jobId)).toEqual([])
  expect(await claim('z', 'b', 'a')).toEqual(new Set(['a', 'z']))
  expect(await claim('b', 'z')).toEqual(new Set(['z']))
  expect(await fullDomains(db, jobId)).toEqual([domain])
  const side = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      db
        .transaction()
        .execute((trx) => claimAddresses(trx, { jobId, domain: 'other.com', cap: 5, addresses: [`${i}a`, `${i}b`] })),
    ),
  )
  expect(new Set(side.flatMap((accepted) => [...accepted])).size).toBe(5)
})
