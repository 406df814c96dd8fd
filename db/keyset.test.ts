import * as fc from 'fast-check'
import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { addAddresses, addJob } from '../test/support/rows.ts'
import {
  type JobAddressFilter,
  type JobAddressOrder,
  type JobAddressRow,
  jobAddressOrders,
  listJobAddresses,
} from './address-list.ts'
import { jobOrders, listJobs } from './job-list.ts'
import type { Key } from './keyset.ts'

const { db } = await testDatabase()
let jobId: number

/** 240 addresses in 24 groups, whose ids run against the order in which they were committed; few domains, few confidences. */
beforeAll(async () => {
  jobId = await addJob(db)
  const other = await addJob(db)
  for (let g = 0; g < 24; g++) {
    const addresses = Array.from({ length: 10 }, (_, i) => ({
      address: `${'abcdefghij'[(i * 7 + g) % 10]}${g}@${['z', 'm', 'a'][(g + i) % 3]}.example`,
      confidence: [0.9, 0.3, 0.55][(g * i) % 3]!,
    }))
    await addAddresses(
      db,
      jobId,
      { seq: 10 + Math.floor(g / 2) * 3, groupId: 1_000 - (g % 2 === 0 ? g : g + 1) + (g % 2) * 3 },
      addresses,
    )
    await addAddresses(db, other, { seq: g, groupId: 2_000 + g }, addresses)
  }
})

const orders = Object.keys(jobAddressOrders) as JobAddressOrder[]

test.each(orders)(
  'pages of the order %s, put together, are the whole list once, forwards and backwards',
  async (order) => {
    const all = await listAll(order, {}, { limit: 1_000, backward: false })
    expect(all).toHaveLength(240)
    expect(all).toEqual(sorted(all, order))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 100 }), fc.boolean(), async (limit, backward) => {
        expect(await listAll(order, {}, { limit, backward })).toEqual(all)
      }),
      { numRuns: 12 },
    )
  },
)

test.each(orders)('after and before in the order %s name what lies between', async (order) => {
  const all = await listAll(order, {}, { limit: 1_000, backward: false })
  const keyOf = (i: number) => jobAddressOrders[order].keyOf(all[i]!)
  for (const [from, to] of [
    [0, 1],
    [3, 60],
    [100, 239],
  ] as const) {
    const range = { after: keyOf(from), before: keyOf(to) }
    const forward = await listJobAddresses(db, jobId, {}, order, { limit: 200, backward: false, ...range })
    expect(forward.rows).toEqual(all.slice(from + 1, to))
    const backward = await listJobAddresses(db, jobId, {}, order, { limit: 5, backward: true, ...range })
    expect(backward.rows).toEqual(all.slice(Math.max(from + 1, to - 5), to))
  }
})

test.each<[string, JobAddressFilter, (row: JobAddressRow) => boolean]>([
  ['domain', { domain: 'm.example' }, (row) => row.domain === 'm.example'],
  ['text', { text: 'A1' }, (row) => row.address.includes('a1')],
  ['text with a wildcard', { text: '%' }, () => false],
  ['no quality', { qualities: [] }, () => false],
])('a filter by %s holds over all pages', async (_what, filter, passes) => {
  const all = await listAll('FOUND', {}, { limit: 1_000, backward: false })
  expect(await listAll('FOUND', filter, { limit: 7, backward: false })).toEqual(all.filter(passes))
})

test('jobs of the same millisecond are listed once each', async () => {
  for (let i = 0; i < 30; i++)
    await addJob(db, { owner: 'many', createdAt: `2026-11-22 09:30:00.12300${i % 7}+00`, title: `job ${i}` })
  for (const order of ['CREATED_DESC', 'CREATED_ASC'] as const) {
    const ids: number[] = []
    let after: Key | undefined
    for (;;) {
      const page = await listJobs(db, 'many', {}, order, { limit: 4, backward: false, after })
      ids.push(...page.rows.map((row) => row.id))
      if (!page.hasNext) break
      after = jobOrders[order].keyOf(page.rows.at(-1)!)
    }
    const { rows } = await sql<{
      id: number
    }>`select id from jobs where owner = 'many' order by created_at, id`.execute(db)
    const expected = rows.map((row) => row.id)
    expect(ids).toEqual(order === 'CREATED_ASC' ? expected : expected.toReversed())
  }
})

async function listAll(
  order: JobAddressOrder,
  filter: JobAddressFilter,
  { limit, backward }: { limit: number; backward: boolean },
) {
  const rows: JobAddressRow[] = []
  let edge: Key | undefined
  for (;;) {
    const page = await listJobAddresses(db, jobId, filter, order, {
      limit,
      backward,
      ...(backward ? { before: edge } : { after: edge }),
    })
    if (backward) rows.unshift(...page.rows)
    else rows.push(...page.rows)
    expect(backward ? page.hasNext : page.hasPrevious).toBe(edge !== undefined)
    if (!(backward ? page.hasPrevious : page.hasNext)) return rows
    edge = jobAddressOrders[order].keyOf(backward ? page.rows[0]! : page.rows.at(-1)!)
  }
}

/** By the keys, in JavaScript. */
function sorted(rows: JobAddressRow[], order: JobAddressOrder): JobAddressRow[] {
  const { columns } = jobAddressOrders[order]
  return rows.toSorted((a, b) => {
    const [left, right] = [jobAddressOrders[order].keyOf(a), jobAddressOrders[order].keyOf(b)]
    const i = left.findIndex((value, n) => value !== right[n])
    if (i < 0) return 0
    const ascending = left[i]! < right[i]!
    return ascending === !columns[i]!.desc ? -1 : 1
  })
}
