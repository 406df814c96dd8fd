import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import { crawlRows } from '../../test/support/crawl-rows.ts'
import { startGeneratedSite } from '../../test/support/generated-site.ts'
import { redirect, type SitePage } from '../../test/support/site.ts'

const { db, crawl, site, closing } = await crawlBench()

/** The same for the same seed. */
function chance(seed: number, one: number): () => boolean {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state % one === 0
  }
}

test('a crawl that dies again and again ends with the same rows, also where a cap decides what is fetched', async () => {
  const generated = await startGeneratedSite({ pagesPerHost: 150, linksPerPage: 12, pageBytes: 500 })
  closing.push(() => generated.close())
  const input = { startUrls: generated.startUrls, maxPagesPerDomain: 70 }
  const undisturbed = await crawl(input)
  const expected = await crawlRows(db, undisturbed.jobId)
  expect(expected.pages.filter(({ status }) => status === 'FETCHED')).toHaveLength(70)
  let deaths = 0
  for (const seed of [1, 2, 3]) {
    // One page a step, so that there is much to lose.
    const disturbed = await crawl(input, { dies: chance(seed, 4), care: () => (seed === 3 ? 'normal' : 'one-item') })
    deaths += disturbed.deaths
    expect(await crawlRows(db, disturbed.jobId)).toEqual(expected)
    expect(disturbed.counts).toEqual({ ...undisturbed.counts, bytesDone: disturbed.counts.bytesDone })
    expect(
      await sql`select used, granted from crawl_grants where job_id = ${disturbed.jobId} and shard_key <> ''`.execute(
        db,
      ),
    ).toMatchObject({ rows: [{ used: 70, granted: 70 }] })
  }
  expect(deaths).toBeGreaterThan(10)
}, 60_000)

/** Hosts of one domain that are linked crosswise, so that most pages have several ways, long ones found first. */
async function crossLinked(hosts: number, pagesPerHost: number) {
  const ports: number[] = []
  const url = (host: number, page: number) =>
    `http://h${host}.firm.test:${ports[host]}${page === 0 ? '/' : `/${page % 7 === 0 ? 'team' : 'p'}${page}`}`
  for (let host = 0; host < hosts; host++) {
    const pages: Record<string, SitePage> = {}
    for (let page = 0; page < pagesPerHost; page++) {
      const path = page === 0 ? '/' : `/${page % 7 === 0 ? 'team' : 'p'}${page}`
      pages[path] = (_request, response) => {
        const random = chance(host * 1_000 + page, 1)
        random()
        const targets = [1, 2, 3, 4].map((n) =>
          url((host + page * n + n) % hosts, (page * 3 + n * 5 + host) % pagesPerHost),
        )
        if (page % 9 === 4) return void response.writeHead(302, { location: targets[0] }).end()
        if (page % 11 === 5) return void response.writeHead(404).end()
        return void response.end(
          html(`${links(...targets)} person${page}@h${host}-works.com shared${page % 5}@firm-works.com`),
        )
      }
    }
    const started = await site(pages)
    ports.push(started.port)
  }
  return { startUrls: [url(0, 0)], ownHosts: Array.from({ length: hosts }, (_, host) => `h${host}.firm.test`) }
}

test('the rows do not depend on which hosts are crawled at the same time, nor on crashes', async () => {
  const { startUrls, ownHosts } = await crossLinked(4, 40)
  const options = { net: { resolve: async () => ['127.0.0.1'] }, settings: { ownHosts } }
  const input = { startUrls, maxPagesPerDomain: 1_000 }
  const oneByOne = await crawl(input, options)
  const expected = await crawlRows(db, oneByOne.jobId)
  expect(expected.pages.length).toBeGreaterThan(100)
  expect(depthsOf(expected.pages)).toBe(true)
  for (const seed of [1, 2]) {
    const sideBySide = await crawl(input, { ...options, atOnce: 4, care: () => 'one-item' })
    expect(await crawlRows(db, sideBySide.jobId)).toEqual(expected)
    const crashing = await crawl(input, { ...options, atOnce: 3, dies: chance(seed, 2), care: () => 'one-item' })
    expect(crashing.deaths).toBeGreaterThan(3)
    expect(await crawlRows(db, crashing.jobId)).toEqual(expected)
    expect(crashing.counts).toEqual({ ...oneByOne.counts, bytesDone: crashing.counts.bytesDone })
  }
}, 60_000)

/** Each page is one deeper than its parent, or as deep where the parent redirects. */
function depthsOf(pages: { url: string; depth: number; parent_url: string | null }[]): boolean {
  const byUrl = new Map(pages.map((page) => [page.url, page]))
  return pages.every(
    ({ depth, parent_url: parent }) => parent === null || [0, 1].includes(depth - byUrl.get(parent)!.depth),
  )
}

test('the rows of addresses under a cap are the same after crashes', async () => {
  const { url } = await site({
    '/': html(links(...Array.from({ length: 20 }, (_, i) => `/p${i}`))),
    ...Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [
        `/p${i}`,
        i % 3 === 0 ? redirect(`/p${i + 1}`) : html(`a${i}@maker-works.com b${i}@maker-works.com c@maker-works.com`),
      ]),
    ),
  })
  const input = { startUrls: [url], maxEmailsPerDomain: 6 }
  const undisturbed = await crawl(input)
  expect(undisturbed.addresses).toHaveLength(6)
  for (const seed of [5, 6]) {
    const disturbed = await crawl(input, { dies: chance(seed, 3), care: () => 'one-item' })
    expect(await crawlRows(db, disturbed.jobId)).toEqual(await crawlRows(db, undisturbed.jobId))
  }
})
