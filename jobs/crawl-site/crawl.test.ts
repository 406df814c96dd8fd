import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'

import { crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import { crawlRows } from '../../test/support/crawl-rows.ts'
import { redirect } from '../../test/support/site.ts'
import { urlKey } from '../engines/crawl/url-key.ts'
import { scrapeEmails } from './job.ts'

const { db, crawl, site } = await crawlBench()

describe('a crawl', () => {
  test('follows links and stores pages, addresses and counts that add up', async () => {
    const { url, requests } = await site({
      '/': html(`${links('/a', '/contact', '/missing', 'https://elsewhere.example/')} info@maker-works.com`),
      '/a': html(links('/', '/b', '/logo.png')),
      '/b': html('info@maker-works.com or <a href="mailto:b@maker-works.com">b</a>'),
      '/contact': html('contact@maker-works.com'),
    })
    const crawled = await crawl({ startUrls: [`${url}/`] })
    expect(crawled.fates).toEqual({
      '/': 'FETCHED',
      '/a': 'FETCHED',
      '/b': 'FETCHED',
      '/contact': 'FETCHED',
      '/missing': 'FAILED',
    })
    expect(crawled.addresses).toEqual(['b@maker-works.com', 'contact@maker-works.com', 'info@maker-works.com'])
    expect(crawled.counts).toMatchObject({ total: 5, succeeded: 4, failed: 1, skipped: 0, results: 3 })
    expect(crawled.counts.bytesDone).toBeGreaterThan(200)
    expect(crawled.findings).toEqual([
      { category: 'http_4xx', message: 'the host answered 404', url: `${url}/missing`, httpStatus: 404 },
    ])
    expect(crawled.page('/b')).toMatchObject({ depth: 2, parent: '/a', emails: 2 })
    expect(crawled.summary).toEqual({ pages: 5, fetched: 4, hosts: 1, addresses: 3 })
    expect(requests.map(({ path }) => path)).toEqual([
      '/robots.txt',
      '/',
      '/contact',
      ...['/a', '/missing'].sort(byKeyOf(url)),
      '/b',
    ])
  })

  test('demotes an address that stands on many sites, none of them its own', async () => {
    const origins: string[] = []
    for (let number = 1; number <= 5; number++) {
      const page = html(`Made by studio@agency-works.com. Write to info@firm-${number}.com`)
      const { url } = await site({ '/': page })
      origins.push(url)
    }
    const { jobId } = await crawl({ startUrls: origins.map((origin) => `${origin}/`) })
    const graded = () =>
      sql`select address, confidence, quality, reasons from job_addresses
        where job_id = ${jobId} and address in ('studio@agency-works.com', 'info@firm-1.com') order by address`.execute(
        db,
      )
    const { rows } = await graded()
    // as at the end of a retry
    await db.transaction().execute((trx) => scrapeEmails.finish(trx, jobId))
    expect((await graded()).rows).toEqual(rows)
    expect(rows).toEqual([
      { address: 'info@firm-1.com', confidence: 0.85, quality: 'high', reasons: ['written in the text'] },
      {
        address: 'studio@agency-works.com',
        confidence: 0.55,
        quality: 'medium',
        reasons: ['written in the text', 'stands on 5 sites, none of them its own'],
      },
    ])
  })

  test('tells once a host that addresses at placeholder domains are left out, wherever it is interrupted', async () => {
    const { url } = await site({
      '/': html(`${links('/a', '/b')} ada@example.com grace@example.org info@maker-works.com`),
      '/a': html('kay@acme.example, yourname@maker-works.com'),
      '/b': html('x'),
    })
    const message = 'addresses at placeholder and local domains, such as example.com, are left out'
    for (const options of [{}, { stopsAfterEachStep: true, care: () => 'one-item' as const }]) {
      const { addresses, notes } = await crawl({ startUrls: [`${url}/`] }, options)
      expect(addresses).toEqual(['info@maker-works.com'])
      expect(notes.filter(({ message }) => message.includes('placeholder'))).toEqual([{ message, url: `${url}/` }])
    }
    const { url: intranet } = await site({ '/': html('root@logger.local info@maker-works.com') })
    const { notes: local } = await crawl({ startUrls: [`${intranet}/`] })
    expect(local.map(({ message }) => message)).toContain(message.replace('example.com', 'logger.local'))
    const { url: other } = await site({ '/': html('yourname@firm.com info@maker-works.com') })
    const { notes } = await crawl({ startUrls: [`${other}/`] })
    expect(notes.filter(({ message }) => message.includes('placeholder'))).toEqual([])
  })

  test('asks contact and team pages first, then by depth', async () => {
    const { url, requests } = await site({
      '/': html(links('/x', '/team')),
      '/x': html(links('/y')),
      '/team': html(links('/z', '/impressum')),
      '/impressum': html(''),
      '/y': html(''),
      '/z': html(''),
    })
    await crawl({ startUrls: [`${url}/`] })
    expect(requests.map(({ path }) => path).slice(1, 5)).toEqual(['/', '/team', '/impressum', '/x'])
  })

  test('keeps the best of several sightings', async () => {
    const { url } = await site({
      '/': html(`${links('/b', '/c')} info@maker-works.com`),
      '/b': html('<a href="mailto:info@maker-works.com">x</a>'),
      '/c': html('<a href="mailto:info@maker-works.com">x</a>'),
    })
    const { jobId } = await crawl({ startUrls: [`${url}/`] })
    const { addresses, sightings } = await crawlRows(db, jobId)
    expect(addresses).toMatchObject([{ address: 'info@maker-works.com', source_url: `${url}/b`, method: 'mailto' }])
    expect(sightings).toHaveLength(3)
  })

  test('does not ask again for what has an answer', async () => {
    const { url, requests } = await site({
      '/': html(links('/', '/#top', '/?utm_source=x', '/a', '/a#b')),
      '/a': html(links('/', '/a')),
    })
    await crawl({ startUrls: [`${url}/`, `${url}/#x`] })
    expect(requests.map(({ path }) => path)).toEqual(['/robots.txt', '/', '/a'])
  })
})

describe('depth', () => {
  test('is the least over all ways, also for pages that were fetched before the shorter way was found', async () => {
    // The team pages come first and so reach /x by the long way.
    const { url } = await site({
      '/': html(links('/team', '/short')),
      '/team': html(links('/team/a')),
      '/team/a': html(links('/team/b')),
      '/team/b': html(links('/team/c')),
      '/team/c': html(links('/under')),
      '/short': html(links('/team/c')),
      '/under': html(links('/end')),
      '/end': html(''),
    })
    const crawled = await crawl({ startUrls: [`${url}/`] })
    const depths = Object.fromEntries(crawled.pages.map(({ path, depth }) => [path, depth]))
    expect(depths).toEqual({
      '/': 0,
      '/team': 1,
      '/short': 1,
      '/team/a': 2,
      '/team/b': 3,
      '/team/c': 2,
      '/under': 3,
      '/end': 4,
    })
    expect(crawled.page('/team/c')).toMatchObject({ parent: '/short' })
  })

  test('limits what is fetched by the shortest way', async () => {
    const { url, hits } = await site({
      '/': html(links('/team', '/short')),
      '/team': html(links('/team/a')),
      '/team/a': html(links('/team/b')),
      '/team/b': html(links('/near')),
      '/short': html(links('/team/b')),
      '/near': html(links('/far')),
    })
    const { fates } = await crawl({ startUrls: [`${url}/`], maxDepth: 3 })
    expect(fates).toEqual({
      '/': 'FETCHED',
      '/team': 'FETCHED',
      '/short': 'FETCHED',
      '/team/a': 'FETCHED',
      '/team/b': 'FETCHED',
      '/near': 'FETCHED',
    })
    expect(hits('/far')).toBe(0)
  })

  test('0 fetches the starts alone', async () => {
    const { url } = await site({ '/': html(links('/a')), '/b': html(links('/a')) })
    expect((await crawl({ startUrls: [`${url}/`, `${url}/b`], maxDepth: 0 })).fates).toEqual({
      '/': 'FETCHED',
      '/b': 'FETCHED',
    })
  })
})

describe('caps', () => {
  const wide = (count: number) =>
    Object.fromEntries([
      ['/', html(links(...Array.from({ length: count }, (_, i) => `/p${i}`)))],
      ...Array.from({ length: count }, (_, i) => [`/p${i}`, html(`a${i}@maker-works.com b${i}@maker-works.com`)]),
    ])

  test('of pages are kept exactly, and what is left is skipped with the reason', async () => {
    const { url, requests } = await site(wide(40))
    const crawled = await crawl({ startUrls: [`${url}/`], maxPagesPerDomain: 10 })
    expect(requests).toHaveLength(11)
    expect(crawled.counts).toMatchObject({ total: 41, succeeded: 10, skipped: 31 })
    expect(
      crawled.pages
        .filter(({ status }) => status === 'SKIPPED')
        .every(({ message }) => message === 'page limit of the domain'),
    ).toBe(true)
    expect(crawled.notes.at(-1)).toEqual({
      message: '31 pages were not read: page limit of the domain',
      counts: { pages: 31 },
    })
  })

  test('of pages hold over the hosts of a domain, whatever is granted to which', async () => {
    const one = await site(wide(30))
    const two = await site(wide(5))
    const three = await site(wide(30))
    const ports = [one, two, three].map(({ port }) => port)
    const startUrls = ports.map((port, i) => `http://h${i}.firm.test:${port}/`)
    const net = { resolve: async () => ['127.0.0.1'] }
    for (const atOnce of [1, 3]) {
      const crawled = await crawl(
        { startUrls, maxPagesPerDomain: 40 },
        { net, atOnce, settings: { ownHosts: ['h0.firm.test', 'h1.firm.test', 'h2.firm.test'] } },
      )
      expect(crawled.counts).toMatchObject({ total: 68, succeeded: 40, skipped: 28 })
    }
  })

  test('of addresses end the crawl of a domain', async () => {
    const { url, requests } = await site(wide(40))
    const crawled = await crawl({ startUrls: [`${url}/`], maxEmailsPerDomain: 7 })
    expect(crawled.addresses).toHaveLength(7)
    expect(crawled.counts).toMatchObject({ results: 7, succeeded: 5, skipped: 36 })
    expect(requests).toHaveLength(6)
    expect(crawled.pages.find(({ status }) => status === 'SKIPPED')).toMatchObject({
      message: 'address limit of the domain',
    })
    expect(crawled.notes.at(-1)).toEqual({
      message: '36 pages were not read: address limit of the domain',
      counts: { pages: 36 },
    })
  })
})

describe('scope', () => {
  const net = { resolve: async () => ['127.0.0.1'] }
  const settings = { ownHosts: ['www.firm.test', 'shop.firm.test', 'other.test'] }

  test('of the domain takes in its other hosts, each as a shard', async () => {
    const { port } = await site({
      '/': ({ headers: { host = '' }, socket: { localPort } }, response) =>
        void response.end(
          host.startsWith('www')
            ? html(
                `${links(`http://shop.firm.test:${localPort}/`, `http://other.test:${localPort}/`)} www@firm-works.com`,
              )
            : html('shop@firm-works.com'),
        ),
    })
    const startUrls = [`http://www.firm.test:${port}/`]
    const wide = await crawl({ startUrls }, { net, settings })
    expect(wide.addresses).toEqual(['shop@firm-works.com', 'www@firm-works.com'])
    expect([...wide.shards.keys()]).toEqual(['main', `www.firm.test:${port}`, `shop.firm.test:${port}`])
    const narrow = await crawl({ startUrls, scope: 'host' }, { net, settings })
    expect(narrow.addresses).toEqual(['www@firm-works.com'])
  })

  test('is where a start redirects to, but not where a page further in does', async () => {
    const moved = await site({
      '/': html(`${links('/team')} new@firm-works.com`),
      '/team': html('team@firm-works.com'),
    })
    const { port } = await site({
      '/old': redirect(`http://www.firm.test:${moved.port}/`),
      '/in': html(links('/out')),
      '/out': redirect(`http://www.firm.test:${moved.port}/x`),
    })
    const crawled = await crawl(
      { startUrls: [`http://other.test:${port}/old`, `http://other.test:${port}/in`] },
      { net, settings },
    )
    expect(crawled.addresses).toEqual(['new@firm-works.com', 'team@firm-works.com'])
    expect(crawled.page('/out')).toMatchObject({ status: 'SKIPPED', message: 'it redirects out of scope' })
    expect(crawled.page('/x')).toBeUndefined()
  })

  test('is narrowed by patterns, which starts are free of', async () => {
    const { url } = await site({
      '/': html(links('/blog/a', '/blog/b', '/shop/a')),
      '/blog/a': html(''),
      '/blog/b': html(''),
    })
    const { fates } = await crawl({ startUrls: [`${url}/`], include: ['/blog/*'], exclude: ['blog/b'] })
    expect(fates).toEqual({ '/': 'FETCHED', '/blog/a': 'FETCHED' })
  })
})

function byKeyOf(origin: string) {
  return (a: string, b: string) => (urlKey(origin + a) < urlKey(origin + b) ? -1 : 1)
}
