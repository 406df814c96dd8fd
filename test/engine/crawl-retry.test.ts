import { sql } from 'kysely'
import { beforeAll, expect, onTestFinished, test } from 'vitest'

import { startJob } from '../../jobs/control.ts'
import { retryJob } from '../../jobs/control/retry-job.ts'
import type { Engine } from '../../jobs/engine.ts'
import { crawlRows } from '../support/crawl-rows.ts'
import { forkWorker, jobEnds, kill, openTestEngine, owner, sound, soundness } from '../support/engine.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { plainText, type SitePage, startSite, status } from '../support/site.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  return database.close
})

const html = (body: string): SitePage => ({ headers: { 'content-type': 'text/html' }, body })
const links = (...paths: string[]) => paths.map((path) => `<a href="${path}">${path}</a>`).join(' ')

/** A site of which some pages are out of order until it is mended. */
async function brokenSite(whole: Record<string, SitePage>, broken: string[], how: SitePage = status(404)) {
  const pages = { ...whole, ...Object.fromEntries(broken.map((path) => [path, how])) }
  const site = await startSite({ pages })
  onTestFinished(() => site.close())
  return { ...site, mend: () => Object.assign(pages, whole) }
}

async function crawling(host: string) {
  const engine = await openTestEngine(database.url, database.db, { ownHosts: [host] })
  onTestFinished(() => engine.close())
  const worker = await forkWorker({ url: database.url, slots: 5, allowHosts: [host] })
  onTestFinished(() => kill(worker))
  return engine
}

async function crawl(engine: Engine, input: object): Promise<number> {
  const { jobId } = await startJob(engine, { kind: 'scrape-emails', owner, input: { minDelayMs: 0, ...input } })
  await jobEnds(database.db, jobId)
  return jobId
}

async function fates(jobId: number): Promise<Record<string, string>> {
  const { rows } = await sql<{ path: string; status: string }>`
    select regexp_replace(url, '^https?://[^/]*', '') as path, status from pages where job_id = ${jobId} order by url`.execute(
    database.db,
  )
  return Object.fromEntries(rows.map(({ path, status }) => [path, status]))
}

test('failed pages are fetched again, at their depth, and lead to what an unbroken crawl finds', async () => {
  // By /b it is far to /c, by /a it is near: only then /c/1 is within the depth.
  const site = await brokenSite(
    {
      '/robots.txt': plainText('User-agent: *\nDisallow: /private'),
      '/': html(links('/a', '/b', '/private', '/gone')),
      '/a': html(`${links('/a/1', '/c')} ann@maker-works.com`),
      '/a/1': html('bob@maker-works.com'),
      '/b': html(links('/b/1')),
      '/b/1': html(links('/b/2')),
      '/b/2': html(links('/c')),
      '/c': html(`${links('/c/1')} cid@maker-works.com`),
      '/c/1': html('dan@maker-works.com'),
    },
    ['/a'],
  )
  const engine = await crawling(`${site.host}:${site.port}`)
  const input = { startUrls: [`${site.url}/`], maxDepth: 4 }
  const jobId = await crawl(engine, input)
  expect(await fates(jobId)).toMatchObject({
    '/a': 'FAILED',
    '/gone': 'FAILED',
    '/private': 'SKIPPED',
    '/c': 'FETCHED',
  })
  expect(await fates(jobId)).not.toHaveProperty('/c/1')
  site.mend()
  await retryJob(engine, jobId, owner)
  await jobEnds(database.db, jobId)
  expect(await fates(jobId)).toMatchObject({
    '/a': 'FETCHED',
    '/gone': 'FAILED',
    '/private': 'SKIPPED',
    '/c/1': 'FETCHED',
  })
  expect(await soundness(database.db, jobId)).toEqual({ ...sound, finishes: 2 })
  expect([site.hits('/b'), site.hits('/private')]).toEqual([1, 0])
  expect(await crawlRows(database.db, jobId)).toEqual(await crawlRows(database.db, await crawl(engine, input)))
})

test('a sitemap that could not be had is read again, and leads to what an unbroken crawl finds', async () => {
  // By links /b is so far that /c/1 is beyond the depth; the sitemap brings it near.
  const site = await brokenSite(
    {
      '/': html(links('/a')),
      '/a': html(links('/b')),
      '/b': html(links('/c', '/gone')),
      '/c': html(links('/c/1')),
      '/c/1': html('dan@maker-works.com'),
      '/sitemap.xml': { headers: { 'content-type': 'text/xml' }, body: '<urlset><url><loc>/b</loc></url></urlset>' },
    },
    ['/sitemap.xml'],
    status(500),
  )
  const engine = await crawling(`${site.host}:${site.port}`)
  const input = { startUrls: [`${site.url}/`], maxDepth: 3 }
  const jobId = await crawl(engine, input)
  expect(await fates(jobId)).toMatchObject({ '/c': 'FETCHED', '/gone': 'FAILED' })
  expect(await fates(jobId)).not.toHaveProperty('/c/1')
  site.mend()
  await retryJob(engine, jobId, owner)
  await jobEnds(database.db, jobId)
  expect(await fates(jobId)).toMatchObject({ '/c/1': 'FETCHED', '/gone': 'FAILED' })
  expect(await soundness(database.db, jobId)).toEqual({ ...sound, finishes: 2 })
  expect(site.hits('/b')).toBe(1)
  expect(await crawlRows(database.db, jobId)).toEqual(await crawlRows(database.db, await crawl(engine, input)))
})

test('the cap of a domain holds over the tries', async () => {
  const paths = Array.from({ length: 12 }, (_, i) => `/p${i}`)
  const pages = Object.fromEntries(paths.map((path): [string, SitePage] => [path, html(links('/more'))]))
  const site = await brokenSite({ '/': html(links(...paths)), ...pages, '/more': html('') }, paths.slice(0, 6))
  const engine = await crawling(`${site.host}:${site.port}`)
  const jobId = await crawl(engine, { startUrls: [`${site.url}/`], maxPagesPerDomain: 8 })
  const count = async (status: string) => Object.values(await fates(jobId)).filter((fate) => fate === status).length
  const failed = await count('FAILED')
  expect(failed).toBeGreaterThan(0)
  expect(failed + (await count('FETCHED'))).toBe(8)
  site.mend()
  await retryJob(engine, jobId, owner)
  await jobEnds(database.db, jobId)
  expect([await count('FAILED'), await count('FETCHED')]).toEqual([0, 8])
  expect(await soundness(database.db, jobId)).toEqual({ ...sound, finishes: 2 })
  const { rows } = await sql`
    select granted, used from crawl_grants where job_id = ${jobId} order by shard_key`.execute(database.db)
  expect(rows).toEqual([
    { granted: 8, used: 0 },
    { granted: 8, used: 8 },
  ])
})

test('a host that was given up is asked again, for all that it had left', async () => {
  const paths = Array.from({ length: 9 }, (_, i) => `/p${i}`)
  const site = await brokenSite(
    { '/': html(links(...paths)), ...Object.fromEntries(paths.map((path): [string, SitePage] => [path, html('')])) },
    paths,
    (request) => request.socket.destroy(),
  )
  const engine = await crawling(`${site.host}:${site.port}`)
  const jobId = await crawl(engine, { startUrls: [`${site.url}/`] })
  const before = Object.values(await fates(jobId))
  expect(before.filter((fate) => fate === 'FAILED').length).toBeGreaterThan(0)
  expect(before.filter((fate) => fate === 'SKIPPED').length).toBeGreaterThan(0)
  site.mend()
  await retryJob(engine, jobId, owner)
  await jobEnds(database.db, jobId)
  expect(new Set(Object.values(await fates(jobId)))).toEqual(new Set(['FETCHED']))
  expect(await soundness(database.db, jobId)).toEqual({ ...sound, finishes: 2 })
})
