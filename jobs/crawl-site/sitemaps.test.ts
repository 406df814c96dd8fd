import { gzipSync } from 'node:zlib'

import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'

import { crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import { crawlRows } from '../../test/support/crawl-rows.ts'
import {
  cutOff,
  endlessRedirect,
  hang,
  inTurn,
  plainText,
  redirect,
  type SitePage,
  status,
} from '../../test/support/site.ts'
import type { CrawlInput } from './input.ts'

const { crawl, db, site } = await crawlBench()

const xml = (body: string | Buffer): SitePage => ({ headers: { 'content-type': 'application/xml' }, body })
const list = (...urls: string[]) => `<urlset>${urls.map((url) => `<url><loc>${url}</loc></url>`).join('')}</urlset>`
const index = (...urls: string[]) =>
  `<sitemapindex>${urls.map((url) => `<sitemap><loc>${url}</loc></sitemap>`).join('')}</sitemapindex>`
const paths = (count: number, prefix = '/p') => Array.from({ length: count }, (_, i) => `${prefix}${i}`)
const pages = (list: string[]) => Object.fromEntries(list.map((path) => [path, html('')]))
const use = { sitemap: 'use' } as const

describe('sitemaps', () => {
  test('are found in robots.txt, packed and in an index, and what they list is fetched', async () => {
    const { url, requests } = await site({
      '/robots.txt': plainText('Sitemap: /index.xml\nSitemap: /list.txt'),
      '/': html(links('/linked')),
      '/linked': html(''),
      '/index.xml': xml(index('/a.xml.gz', '/b.xml')),
      '/a.xml.gz': { headers: { 'content-type': 'application/gzip' }, body: gzipSync(list('/a1', '/contact')) },
      '/b.xml': { headers: { 'content-encoding': 'gzip', 'content-type': 'text/xml' }, body: gzipSync(list('/b1')) },
      '/list.txt': ({ headers: { host } }, response) => response.end(`http://${host}/t1\nhttp://${host}/linked`),
      ...pages(['/a1', '/b1', '/t1', '/contact']),
    })
    const crawled = await crawl({ startUrls: [`${url}/`], ...use })
    expect(crawled.fates).toEqual(
      Object.fromEntries(['/', '/a1', '/b1', '/contact', '/linked', '/t1'].map((path) => [path, 'FETCHED'])),
    )
    expect(crawled.findings).toEqual([])
    // The start first, then the sitemaps; of the pages those that are linked before those that are only listed.
    const asked = requests.map(({ path }) => path)
    expect(asked.slice(0, 2)).toEqual(['/robots.txt', '/'])
    expect(asked.slice(2, 6).toSorted()).toEqual(['/a.xml.gz', '/b.xml', '/index.xml', '/list.txt'])
    expect(asked.slice(6, 8)).toEqual(['/contact', '/linked'])
    expect(crawled.page('/a1')).toMatchObject({ depth: 1, parent: '/a.xml.gz' })
    expect(crawled.counts).toMatchObject({ total: 6, succeeded: 6 })
  })

  test('are guessed where none is named, and not missed', async () => {
    const listed = await site({ '/': html(''), '/sitemap.xml': xml(list('/a')), '/a': html('') })
    expect((await crawl({ startUrls: [`${listed.url}/`], ...use })).fates).toEqual({ '/': 'FETCHED', '/a': 'FETCHED' })
    for (const guess of [status(404), html('<p>Not found'), redirect('/')]) {
      const { url } = await site({ '/': html(''), '/sitemap.xml': guess })
      const { findings, fates } = await crawl({ startUrls: [`${url}/`], ...use })
      expect([findings, fates]).toEqual([[], { '/': 'FETCHED' }])
    }
  })

  test('alone keep links from being followed; skipped, they are not asked for', async () => {
    const { url, hits } = await site({
      '/': html(links('/linked')),
      '/linked': html(''),
      '/sitemap.xml': xml(list('/a')),
      '/a': html(links('/linked')),
    })
    expect((await crawl({ startUrls: [`${url}/`], sitemap: 'only' })).fates).toEqual({
      '/': 'FETCHED',
      '/a': 'FETCHED',
    })
    const asked = hits('/sitemap.xml')
    expect(asked).toBe(1)
    expect((await crawl({ startUrls: [`${url}/`], sitemap: 'skip' })).fates).toEqual({
      '/': 'FETCHED',
      '/linked': 'FETCHED',
    })
    await crawl({ startUrls: [`${url}/`], maxDepth: 0, ...use })
    expect(hits('/sitemap.xml')).toBe(asked)
  })

  test('list only what is in scope, wanted, allowed and no trap, each page once', async () => {
    const { url, hits } = await site({
      '/robots.txt': plainText('User-agent: *\nDisallow: /private'),
      '/': html(''),
      '/sitemap.xml': xml(
        list(
          '/a',
          '/a?utm_source=x',
          '/a#b',
          '/private/x',
          '/shop/x',
          '/logo.png',
          '/x/x/x/x',
          'http://other.example/',
          'ftp://x',
          '/',
        ),
      ),
      '/a': html(''),
    })
    const { fates } = await crawl({ startUrls: [`${url}/`], exclude: ['/shop/*'], ...use })
    expect(fates).toEqual({ '/': 'FETCHED', '/a': 'FETCHED', '/private/x': 'SKIPPED' })
    expect(hits('/a')).toBe(1)
  })

  test('of a small crawl bring the pages that matter, and not all the others', async () => {
    const { url } = await site({
      '/': html(''),
      '/sitemap.xml': xml(list(...paths(5_000), '/contact', '/team')),
      ...pages([...paths(5_000), '/contact', '/team']),
    })
    const crawled = await crawl({ startUrls: [`${url}/`], maxPagesPerDomain: 10, ...use })
    expect([crawled.fates['/contact'], crawled.fates['/team']]).toEqual(['FETCHED', 'FETCHED'])
    expect(crawled.counts).toMatchObject({ total: 23, succeeded: 10, skipped: 13 })
  })

  test('on another host of the domain are asked there', async () => {
    const net = { resolve: async () => ['127.0.0.1'] }
    const settings = { ownHosts: ['www.firm.test', 'files.test'] }
    const files = await site({
      '/map.xml': ({ headers }, response) => response.end(list(headers['x-none'] ? '' : `${home}/a`)),
    })
    const { port } = await site({
      '/robots.txt': (_request, response) => response.end(`Sitemap: http://files.test:${files.port}/map.xml`),
      '/': html(''),
      '/a': html('a@firm-works.com'),
    })
    const home = `http://www.firm.test:${port}`
    const crawled = await crawl({ startUrls: [`${home}/`], ...use }, { net, settings })
    expect(crawled.addresses).toEqual(['a@firm-works.com'])
    expect([...crawled.shards.keys()]).toContain(`files.test:${files.port}`)
    expect(files.requests.map(({ path }) => path)).toEqual(['/robots.txt', '/map.xml'])
  })
})

describe('a sitemap that fails', () => {
  test.each<[what: string, page: SitePage, category: string, message: string]>([
    ['is missing', status(404), 'http_4xx', 'sitemap: the host answered 404'],
    ['is a page', html('<p>hello'), 'parse', 'sitemap: no sitemap: its first element is <title>'],
    ['is a bomb', xml(gzipSync(Buffer.alloc(100_000_000, ' '))), 'too_large', 'sitemap: the body is larger than'],
    [
      'is a bomb of elements',
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync(`<urlset>${'<url><loc/></url>'.repeat(4_000_000)}`) },
      'too_large',
      'sitemap: the body is larger than',
    ],
    ['is nested for ever', xml(`<urlset>${'<url>'.repeat(100_000)}`), 'parse', 'sitemap: no sitemap: it is nested'],
    [
      'lists too much',
      xml(list(...paths(50_010, '/list/'))),
      'too_large',
      'sitemap: it lists more than 50000 addresses; what is behind is left alone',
    ],
    ['redirects without end', endlessRedirect, 'network', 'sitemap: more than 5 redirects in a row'],
    ['hangs', hang, 'timeout', 'sitemap: '],
    ['is down', status(500), 'http_5xx', 'sitemap: the host answered 500'],
    ['leads to a private address', redirect('http://10.0.0.1/map.xml'), 'blocked', 'sitemap: '],
  ])('since it %s is a finding, and the crawl goes on', async (_what, page, category, message) => {
    const { url } = await site({
      '/robots.txt': plainText('Sitemap: /map.xml'),
      '/': html(links('/a')),
      '/a': html('a@maker-works.com'),
      '/map.xml': page,
    })
    const crawled = await crawl(
      { startUrls: [`${url}/`], maxPagesPerDomain: 5, exclude: ['/list/*'], ...use },
      { net: { limits: { connectMs: 800, headMs: 800 } } },
    )
    expect(crawled.findings.map(({ category, message }) => [category, message])).toEqual([
      [category, expect.stringContaining(message)],
    ])
    expect(crawled.addresses).toEqual(['a@maker-works.com'])
  })

  test('once is read again from where it was', async () => {
    const urls = paths(3_000)
    const whole = list(...urls)
    const { url, hits } = await site({
      '/robots.txt': plainText('Sitemap: /map.xml'),
      '/': html(''),
      '/map.xml': inTurn(cutOff(whole.slice(0, whole.length / 2)), xml(whole)),
      ...pages(urls),
    })
    const crawled = await crawl({ startUrls: [`${url}/`], maxPagesPerDomain: 2_000, ...use })
    expect(hits('/map.xml')).toBe(2)
    expect(crawled.counts).toMatchObject({ total: 3_001, succeeded: 2_000, skipped: 1_001 })
    expect(crawled.findings).toEqual([])
  })

  test('in an endless index ends at a number of files', async () => {
    const { url, requests } = await site({
      '/robots.txt': plainText('Sitemap: /map/0'),
      '/': html(''),
      ...Object.fromEntries(
        paths(60, '/map/').map((path, i) => [path, xml(index(`/map/${2 * i + 1}`, `/map/${2 * i + 2}`))]),
      ),
    })
    const { findings } = await crawl({ startUrls: [`${url}/`], ...use })
    expect(findings).toMatchObject([
      { category: 'too_large', message: 'more than 11 sitemaps; the others are left alone' },
    ])
    expect(requests.filter(({ path }) => path.startsWith('/map/'))).toHaveLength(11)
  })
})

test('a run that dies in the middle of a sitemap loses nothing and takes nothing twice', async () => {
  const urls = paths(1_600)
  const { url } = await site({
    '/robots.txt': plainText('Sitemap: /map.xml\nSitemap: /two.xml'),
    '/': html(''),
    '/map.xml': xml(list(...urls.slice(0, 1_200))),
    '/two.xml': xml(list(...urls.slice(1_000))),
  })
  const input: Partial<CrawlInput> = { startUrls: [`${url}/`], maxPagesPerDomain: 700, sitemap: 'only' }
  const rows = async (jobId: number) => {
    const { pages } = await crawlRows(db, jobId)
    const { rows: sitemaps } = await sql`select url, status from sitemaps where job_id = ${jobId} order by url`.execute(
      db,
    )
    return { pages, sitemaps }
  }
  const undisturbed = await crawl(input)
  let asked = 0
  const killed = await crawl(input, { dies: () => ++asked % 3 === 0 })
  expect(killed.deaths).toBeGreaterThan(5)
  expect(await rows(killed.jobId)).toEqual(await rows(undisturbed.jobId))
  expect(killed.counts).toEqual(undisturbed.counts)
  const stopped = await crawl(input, { stopsAfterEachStep: true })
  expect(await rows(stopped.jobId)).toEqual(await rows(undisturbed.jobId))
}, 120_000)
