import { randomUUID } from 'node:crypto'

import * as fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { savePageReads } from './page-reads.ts'
import {
  findPages,
  listFrontier,
  listNearer,
  type PageChange,
  removeCrawlRemains,
  savePageLinks,
  savePages,
  skipQueued,
} from './pages.ts'

const { db } = await testDatabase()

async function newJob(): Promise<number> {
  const { rows } = await sql<{
    id: number
  }>`insert into jobs (kind, title, owner, input) values ('test', 'test', 'tester', '{}') returning id`.execute(db)
  return rows[0]!.id
}

const keys = Array.from({ length: 12 }, (_, i) => `00000000-0000-0000-0000-0000000000${String(i).padStart(2, '0')}`)
const page = (change: Partial<PageChange> & { key: string }): PageChange => ({
  url: `http://example.com/${change.key}`,
  shard: 'example.com',
  domain: 'example.com',
  parentUrl: null,
  depth: 0,
  hops: 0,
  priority: 5,
  ...change,
})
const save = (jobId: number, pages: PageChange[]) => db.transaction().execute((trx) => savePages(trx, jobId, pages))

test('counts the new ones, and keeps the least way and priority', async () => {
  const jobId = await newJob()
  const key = keys[0]!
  expect(
    await save(jobId, [
      page({ key, depth: 3, parentUrl: 'http://example.com/b', priority: 5 }),
      page({ key: keys[1]! }),
    ]),
  ).toBe(2)
  expect(await save(jobId, [page({ key, depth: 4, parentUrl: 'http://example.com/a', priority: 1 })])).toBe(0)
  expect(await findPages(db, jobId, [key])).toMatchObject([
    { depth: 3, parentUrl: 'http://example.com/b', priority: 1, queued: true },
  ])
  await save(jobId, [page({ key, depth: 3, hops: 1, parentUrl: 'http://example.com/0' })])
  await save(jobId, [page({ key, depth: 3, parentUrl: 'http://example.com/a' })])
  expect(await findPages(db, jobId, [key])).toMatchObject([
    { depth: 3, hops: 0, parentUrl: 'http://example.com/a', priority: 1 },
  ])
})

test('keeps the first fate, and knows the way on when a page comes nearer', async () => {
  const jobId = await newJob()
  const key = keys[0]!
  const fate = {
    status: 'SKIPPED' as const,
    httpStatus: 301,
    message: 'redirect\0\ud800',
    details: { redirectsTo: 'http://example.com/x', odd: '\0' },
    fetchMs: 1.6,
    emailCount: 0,
  }
  await save(jobId, [page({ key, depth: 3, fate, expanded: { depth: 3, hops: 0 } })])
  await db.transaction().execute((trx) => savePageLinks(trx, jobId, [{ key, links: '0 5 http://example.com/x' }]))
  await save(jobId, [page({ key, depth: 3, fate: { status: 'FAILED', emailCount: 9 } })])
  expect(await findPages(db, jobId, [key])).toMatchObject([{ queued: false, redirectsTo: 'http://example.com/x' }])
  expect(await listNearer(db, jobId, 'example.com', 9)).toEqual([])
  await save(jobId, [page({ key, depth: 2 })])
  expect(await listNearer(db, jobId, 'example.com', 9)).toMatchObject([
    { key, depth: 2, links: '0 5 http://example.com/x' },
  ])
  await save(jobId, [page({ key, depth: 2, expanded: { depth: 2, hops: 0 } })])
  expect(await listNearer(db, jobId, 'example.com', 9)).toEqual([])
})

test('gives the frontier in fetch order', async () => {
  const jobId = await newJob()
  const queued = [
    page({ key: keys[3]!, priority: 1, depth: 9 }),
    page({ key: keys[1]!, priority: 5, depth: 0 }),
    page({ key: keys[0]!, priority: 5, depth: 1 }),
    page({ key: keys[2]!, priority: 5, depth: 1 }),
  ]
  const others = [
    page({ key: keys[5]!, shard: 'other.com' }),
    page({ key: keys[6]!, fate: { status: 'FETCHED', emailCount: 0 } }),
  ]
  await save(jobId, [...queued, ...others].toReversed())
  expect((await listFrontier(db, jobId, 'example.com', 9)).map(({ key }) => key)).toEqual(queued.map(({ key }) => key))
  expect(await listFrontier(db, jobId, 'example.com', 2)).toHaveLength(2)
})

test('gives what is left its reason by domain', async () => {
  const jobId = await newJob()
  await save(jobId, [
    page({ key: keys[0]! }),
    page({ key: keys[1]!, domain: 'full.com' }),
    page({ key: keys[2]!, fate: { status: 'FETCHED', emailCount: 0 } }),
  ])
  expect(
    await db
      .transaction()
      .execute((trx) => skipQueued(trx, jobId, 'page limit', new Map([['full.com', 'address limit']]))),
  ).toEqual(
    new Map([
      ['page limit', 1],
      ['address limit', 1],
    ]),
  )
  const { rows } =
    await sql`select domain, status, error_message as message from pages where job_id = ${jobId} order by url_key`.execute(
      db,
    )
  expect(rows).toEqual([
    { domain: 'example.com', status: 'SKIPPED', message: 'page limit' },
    { domain: 'full.com', status: 'SKIPPED', message: 'address limit' },
    { domain: 'example.com', status: 'FETCHED', message: null },
  ])
})

/** A job with pages by their depth, each with links; and, by the same keys, what was read of them. */
async function crawledJob(depths: number[], failed: number[] = []): Promise<number> {
  const jobId = await newJob()
  await save(jobId, [
    ...depths.map((depth, i) => page({ key: keys[i]!, depth, fate: { status: 'FETCHED', emailCount: 0 } })),
    ...failed.map((depth, i) =>
      page({ key: keys[depths.length + i]!, depth, fate: { status: 'FAILED', emailCount: 0 } }),
    ),
  ])
  const links = depths.map((_, i) => ({ key: keys[i]!, links: '1 5 /x' }))
  await db.transaction().execute((trx) => savePageLinks(trx, jobId, links))
  return jobId
}
const read = (jobId: number, key: string, version?: { etag?: string; lastModified?: string }) =>
  db
    .transaction()
    .execute((trx) => savePageReads(trx, jobId, [{ key, shard: 'example.com', ...(version && { version }) }]))
/** The pages whose links are left when a crawl has ended. */
async function linksLeft(jobId: number): Promise<number[]> {
  await db.transaction().execute((trx) => removeCrawlRemains(trx, jobId))
  const { rows } = await sql<{ key: string }>`
    select url_key as key from page_links where job_id = ${jobId} order by url_key`.execute(db)
  return rows.map(({ key }) => keys.indexOf(key))
}

test('a crawl leaves the links of pages that a later one may find unchanged since it read them, and no others', async () => {
  const other = await crawledJob([0, 0, 0, 0, 0, 0])
  const jobId = await crawledJob([0, 0, 0, 0, 0, 0])
  await read(jobId, keys[0]!, { etag: '"1"' })
  await read(jobId, keys[1]!, { lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT' })
  await read(jobId, keys[2]!)
  await read(other, keys[3]!, { etag: '"1"' })
  await read(jobId, keys[4]!, { etag: '"1"' })
  await read(other, keys[4]!, { etag: '"2"' })
  // Of the last one nobody knows.
  expect(await linksLeft(jobId)).toEqual([0, 1])
  expect(await linksLeft(other)).toEqual([3, 4])
})

test('where a page has failed, the links of all pages that are no nearer than it are left too', async () => {
  const jobId = await crawledJob([0, 1, 2, 3], [2, 4])
  expect(await linksLeft(jobId)).toEqual([2, 3])
  expect(await linksLeft(await crawledJob([0, 1, 2, 3], [0]))).toEqual([0, 1, 2, 3])
  expect(await linksLeft(await crawledJob([0, 1, 2, 3], [9]))).toEqual([])
})

test('the same where a page was skipped since its host was given up: it is tried again with those that failed', async () => {
  const jobId = await crawledJob([0, 1, 2, 3], [9])
  const skipped = { status: 'SKIPPED' as const, emailCount: 0 }
  await save(jobId, [
    page({ key: keys[5]!, depth: 0, fate: { ...skipped, message: 'page limit' } }),
    page({ key: keys[6]!, depth: 1, fate: { ...skipped, details: { hostGivenUp: true } } }),
  ])
  expect(await linksLeft(jobId)).toEqual([1, 2, 3])
})

test('what is stored does not depend on the order of transactions, which never deadlock', async () => {
  const way = fc.record({
    depth: fc.integer({ min: 0, max: 4 }),
    hops: fc.integer({ min: 0, max: 2 }),
    priority: fc.integer({ min: 0, max: 7 }),
    parent: fc.constantFrom('a', 'b', null),
  })
  const batch = fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), way), {
    selector: ([key]) => key,
    minLength: 1,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 2, maxLength: 6 }), async (batches) => {
      const changes = batches.map((of) =>
        of.map(([key, { parent, ...rest }]) =>
          page({ key, ...rest, parentUrl: parent && `http://example.com/${parent}` }),
        ),
      )
      const [side, row] = [await newJob(), await newJob()]
      const added = await Promise.all(changes.map((pages) => save(side, pages)))
      for (const pages of changes.toReversed()) await save(row, pages)
      const rows = async (jobId: number) =>
        (
          await sql`select url_key, depth, hops, parent_url, priority from pages where job_id = ${jobId} order by url_key`.execute(
            db,
          )
        ).rows
      expect(await rows(side)).toEqual(await rows(row))
      expect(added.reduce((sum, count) => sum + count, 0)).toBe(new Set(changes.flat().map(({ key }) => key)).size)
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('takes thousands of pages in one go', async () => {
  const jobId = await newJob()
  const pages = Array.from({ length: 5_000 }, (_, i) => page({ key: randomUUID(), depth: i % 9 }))
  expect(await save(jobId, pages)).toBe(5_000)
})

test('removes what a crawl leaves by looking each page up once, though statistics know nothing of the job', async () => {
  const rows = 400
  const crawl = async () => {
    const jobId = await newJob()
    const pages = Array.from({ length: rows }, (_, depth) => page({ key: randomUUID(), depth }))
    const fate = { status: 'FAILED' as const, emailCount: 0 }
    await save(
      jobId,
      pages.map((of) => (of.depth === rows / 2 ? { ...of, fate } : of)),
    )
    await db.transaction().execute(async (trx) => {
      await savePageLinks(
        trx,
        jobId,
        pages.map(({ key }) => ({ key, links: '' })),
      )
      await savePageReads(
        trx,
        jobId,
        pages.map(({ key, shard, depth }) => ({ key, shard, ...(depth % 4 === 0 && { version: { etag: 'x' } }) })),
      )
    })
    return jobId
  }
  await crawl()
  await sql`analyze pages, page_links, page_reads`.execute(db)
  const jobId = await crawl()
  const left = await db.transaction().execute(async (trx) => {
    await removeCrawlRemains(trx, jobId)
    const touched = await sql<{ n: number }>`select sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::int as n
      from pg_stat_xact_user_tables where relname in ('pages', 'page_links', 'page_reads')`.execute(trx)
    expect(touched.rows[0]!.n, 'rows read').toBeLessThan(8 * rows)
    return await sql<{ n: number }>`select count(*)::int as n from page_links where job_id = ${jobId}`.execute(trx)
  })
  // Those from the depth of what failed on, and of those before every fourth: its version is known.
  expect(left.rows[0]!.n).toBe(rows / 2 + rows / 8)
})
