import * as fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { saveSightings, type Sighting } from './sightings.ts'
import { regradeAddresses } from './spread-addresses.ts'

const { db } = await testDatabase()

async function newJob(): Promise<number> {
  const { rows } = await sql<{
    id: number
  }>`insert into jobs (kind, title, owner, input) values ('test', 'test', 'tester', '{}') returning id`.execute(db)
  return rows[0]!.id
}

const keyOf = (page: string) => `00000000-0000-0000-0000-00000000000${page}`
const sighting = (address: string, page = '1', rest: Partial<Sighting> = {}): Sighting => ({
  address,
  sourceKey: keyOf(page),
  sourceUrl: `http://example.com/${page}`,
  method: 'text',
  snippet: `write to ${address}`,
  confidence: 0.8,
  quality: 'high',
  reasons: ['own domain', 'role'],
  ...rest,
})
const save = (jobId: number, sightings: Sighting[], groupId = 1) =>
  db.transaction().execute((trx) => saveSightings(trx, { jobId, groupId, workerId: 'w' }, sightings))
const bestOf = async (jobId: number) =>
  (
    await sql<
      Record<string, unknown>
    >`select address, domain, source_url, method, confidence, reasons, group_id, place, person_name from job_addresses where job_id = ${jobId} order by address`.execute(
      db,
    )
  ).rows

test('an address stays where it was found first, also by its time, when a better sighting comes or it is graded anew', async () => {
  const jobId = await newJob()
  const foundAt = async () =>
    (
      await sql<{
        method: string
        found_at: Date
      }>`select method, found_at from job_addresses where job_id = ${jobId}`.execute(db)
    ).rows[0]!
  await save(jobId, [sighting('a@example.com')])
  const first = await foundAt()
  await save(jobId, [sighting('a@example.com', '2', { method: 'mailto', confidence: 0.9 })], 2)
  expect(await foundAt()).toEqual({ method: 'mailto', found_at: first.found_at })
  await save(jobId, [sighting('a@example.com', '3', { method: 'entity' })], 3)
  const graded = {
    address: 'a@example.com',
    domain: 'example.com',
    sourceKey: keyOf('3'),
    method: 'entity',
    confidence: 0.4,
    domains: [],
    quality: 'low' as const,
    reason: 'stands on many sites',
  }
  await db.transaction().execute((trx) => regradeAddresses(trx, jobId, [graded]))
  expect(await foundAt()).toEqual({ method: 'entity', found_at: first.found_at })
})

test('stores each address of a job once, with its best sighting, and counts the new', async () => {
  const jobId = await newJob()
  expect(
    await save(jobId, [
      sighting('a@example.com', '2'),
      sighting('b@example.com', '1', { personName: 'B' }),
      sighting('a@example.com', '1'),
    ]),
  ).toBe(2)
  expect(
    await save(
      jobId,
      [sighting('a@example.com', '3', { confidence: 0.9, method: 'mailto' }), sighting('c@example.com')],
      2,
    ),
  ).toBe(1)
  expect(await bestOf(jobId)).toEqual([
    {
      address: 'a@example.com',
      domain: 'example.com',
      source_url: 'http://example.com/3',
      method: 'mailto',
      confidence: 0.9,
      reasons: ['own domain', 'role'],
      group_id: 1,
      place: 0,
      person_name: null,
    },
    {
      address: 'b@example.com',
      domain: 'example.com',
      source_url: 'http://example.com/1',
      method: 'text',
      confidence: 0.8,
      reasons: ['own domain', 'role'],
      group_id: 1,
      place: 1,
      person_name: 'B',
    },
    {
      address: 'c@example.com',
      domain: 'example.com',
      source_url: 'http://example.com/1',
      method: 'text',
      confidence: 0.8,
      reasons: ['own domain', 'role'],
      group_id: 2,
      place: 1,
      person_name: null,
    },
  ])
})

test('an address is known to the whole system once, its sightings to each job', async () => {
  const [one, two] = [await newJob(), await newJob()]
  expect(await save(one, [sighting('x@known.example')])).toBe(1)
  expect(await save(two, [sighting('x@known.example')])).toBe(1)
  const { rows } =
    await sql`select (select count(*)::int from addresses where address = 'x@known.example') as known, (select count(*)::int from sightings where address = 'x@known.example') as seen`.execute(
      db,
    )
  expect(rows).toEqual([{ known: 1, seen: 2 }])
})

test('takes whatever stands on a page', async () => {
  const jobId = await newJob()
  const odd = sighting('a@example.com', '1', {
    snippet: `\0\ud800${'x'.repeat(9_999)}`,
    reasons: [],
    personName: 'Ada\0',
    position: 'p'.repeat(999),
  })
  await save(jobId, [odd, sighting('b@example.com', '1', { reasons: ['two\nlines'] })])
  const { rows } = await sql<{
    snippet: string
    reasons: string[]
    position: string
  }>`select snippet, reasons, position from sightings where job_id = ${jobId} order by address`.execute(db)
  expect(rows[0]).toMatchObject({ reasons: [], position: 'p'.repeat(200) })
  expect(rows[0]!.snippet).toMatch(/^\ufffd\ufffdx{498}$/)
  expect(rows[1]).toMatchObject({ reasons: ['two lines'] })
})

test('does not depend on the order in which sightings come', async () => {
  const one = fc.record({
    address: fc.constantFrom('a@example.com', 'b@example.com', 'c@example.com', 'd@example.com'),
    page: fc.constantFrom('1', '2', '3'),
    method: fc.constantFrom('text', 'mailto', 'script'),
    confidence: fc.constantFrom(0.1, 0.7, 0.70000001, 0.9),
  })
  // One page gives one sighting of an address by a method, so its confidence is always the same.
  const batches = fc.array(fc.array(one, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(batches, async (given) => {
      const confidences = new Map<string, number>()
      const all = given.map((batch) =>
        batch.map(({ address, page, method, confidence }) => {
          const key = `${address} ${page} ${method}`
          if (!confidences.has(key)) confidences.set(key, confidence)
          return sighting(address, page, { method, confidence: confidences.get(key)! })
        }),
      )
      const [side, row] = [await newJob(), await newJob()]
      const added = await Promise.all(all.map((batch) => save(side, batch)))
      for (const batch of all.toReversed()) await save(row, batch)
      const best = async (jobId: number) =>
        (await bestOf(jobId)).map(({ group_id: _group, place: _place, ...rest }) => rest)
      const rows = await best(side)
      expect(rows).toEqual(await best(row))
      expect(added.reduce((sum, count) => sum + count, 0)).toBe(rows.length)
    }),
    { numRuns: 60 },
  )
}, 60_000)
