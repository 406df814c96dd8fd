import { setTimeout as sleep } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import { cutOff, endlessRedirect, inTurn, plainText, redirect, type SitePage, status } from '../../test/support/site.ts'

const { crawl, site } = await crawlBench()

test('what is no text is skipped', async () => {
  const { url } = await site({
    '/': html(links('/film', '/zip', '/json', '/bare')),
    '/film': { headers: { 'content-type': 'video/mp4' }, body: 'x@maker-works.com' },
    '/zip': { body: Buffer.from('PK\0\0x@maker-works.com') },
    '/json': { headers: { 'content-type': 'application/json' }, body: '{"mail":"j@maker-works.com"}' },
    '/bare': (_request, response) => void response.writeHead(200).end(html('bare@maker-works.com')),
  })
  const { fates, page } = await crawl({ startUrls: [`${url}/`] })
  expect(fates).toEqual({
    '/': 'FETCHED',
    '/film': 'SKIPPED',
    '/zip': 'SKIPPED',
    '/json': 'FETCHED',
    '/bare': 'FETCHED',
  })
  expect(page('/film')).toMatchObject({ message: 'it is video/mp4, not text' })
})

describe('redirects', () => {
  test('become pages of their own, at the same depth', async () => {
    const { url } = await site({
      '/': html(links('/a')),
      '/a': redirect('/b'),
      '/b': redirect('/c'),
      '/c': html('c@maker-works.com'),
    })
    const crawled = await crawl({ startUrls: [`${url}/`] })
    expect(crawled.pages.map(({ path, status, depth, message }) => [path, status, depth, message])).toEqual([
      ['/', 'FETCHED', 0, null],
      ['/a', 'SKIPPED', 1, 'redirect'],
      ['/b', 'SKIPPED', 1, 'redirect'],
      ['/c', 'FETCHED', 1, null],
    ])
    expect(crawled.counts).toMatchObject({ total: 4, succeeded: 2, skipped: 2 })
  })

  test('do not use up the cap of pages', async () => {
    const { url } = await site({ '/': redirect('/a'), '/a': redirect('/b'), '/b': html('b@maker-works.com') })
    expect((await crawl({ startUrls: [`${url}/`], maxPagesPerDomain: 1 })).fates).toEqual({
      '/': 'SKIPPED',
      '/a': 'SKIPPED',
      '/b': 'FETCHED',
    })
  })

  test.each<[what: string, pages: Record<string, SitePage>, category: string, message: string]>([
    ['to itself', { '/': redirect('/#again') }, 'network', 'it redirects to itself'],
    [
      'in a circle',
      { '/': redirect('/a'), '/a': redirect('/b'), '/b': redirect('/') },
      'network',
      'it redirects in a circle',
    ],
    ['without end', { '/': endlessRedirect }, 'network', 'more than 5 redirects in a row'],
    [
      'to a private address',
      { '/': redirect('http://10.0.0.1/') },
      'blocked',
      'it redirects to an address that is not on the public Internet (private)',
    ],
    [
      'to a decimal address',
      { '/': redirect('http://2130706434/') },
      'blocked',
      'it redirects to an address that is not on the public Internet (loopback)',
    ],
    [
      'to an octal address',
      { '/': redirect('http://0300.0250.1.1/') },
      'blocked',
      'it redirects to an address that is not on the public Internet (private)',
    ],
    [
      'to a mapped address',
      { '/': redirect('http://[::ffff:127.0.0.1]:1/') },
      'blocked',
      'it redirects to an address that is not on the public Internet (ipv4Mapped)',
    ],
    ['to no URL', { '/': redirect('http://') }, 'parse', 'it redirects to what is not a URL'],
  ])('%s are a finding', async (_what, pages, category, message) => {
    const { url } = await site(pages)
    const { findings, counts } = await crawl({ startUrls: [`${url}/`] })
    expect(findings).toMatchObject([{ category, message }])
    expect(counts.failed).toBe(1)
    expect(counts.total).toBe(counts.succeeded + counts.failed + counts.skipped)
  })

  test('to a name that resolves to a private address are a finding', async () => {
    const { url, port } = await site({ '/': redirect('http://inside.firm.test/') })
    const { findings } = await crawl(
      { startUrls: [url] },
      { net: { resolve: async () => ['127.0.0.1'] }, settings: { ownHosts: [`127.0.0.1:${port}`] } },
    )
    expect(findings).toMatchObject([{ category: 'blocked' }])
  })
})

describe('a host that fails', () => {
  test('once is asked again', async () => {
    const { url, hits } = await site({
      '/': inTurn(cutOff('half'), html(links('/a'))),
      '/a': inTurn(status(500), html('a@maker-works.com')),
    })
    const { fates, findings } = await crawl({ startUrls: [`${url}/`] })
    expect(fates).toEqual({ '/': 'FETCHED', '/a': 'FETCHED' })
    expect(findings).toEqual([])
    expect([hits('/'), hits('/a')]).toEqual([2, 2])
  })

  test('for good is given up after three tries, page by page', async () => {
    const { url, hits } = await site({ '/': status(500), '/b': html('b@maker-works.com') })
    const crawled = await crawl({ startUrls: [`${url}/`, `${url}/b`] })
    expect(crawled.fates).toEqual({ '/': 'FAILED', '/b': 'FETCHED' })
    expect(crawled.findings).toMatchObject([{ category: 'http_5xx', httpStatus: 500 }])
    expect(crawled.laters.length).toBeGreaterThan(0)
    expect(hits('/')).toBe(3)
  }, 15_000)

  test('to resolve is given up at once, with one finding', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
    const crawled = await crawl(
      {
        domains: ['nowhere.example.com'],
        startUrls: ['https://nowhere.example.com/a', 'https://nowhere.example.com/b'],
      },
      { net: { resolve } },
    )
    expect(crawled.findings).toMatchObject([{ category: 'dns' }])
    expect(crawled.counts).toMatchObject({ total: 3, failed: 1, skipped: 2 })
    expect(
      crawled.pages
        .filter(({ status }) => status === 'SKIPPED')
        .every(({ message }) => message!.startsWith('the host was given up')),
    ).toBe(true)
  })

  test('to connect by https is asked by http, where only its name was given', async () => {
    const closed = await site({})
    await closed.close()
    const plain = await site({ '/': html('plain@maker-works.com') })
    const reroute = (url: string) =>
      url.replace('https://firm.example.com', closed.url).replace('http://firm.example.com', plain.url)
    const crawled = await crawl({ domains: ['firm.example.com'] }, { reroute })
    expect(crawled.addresses).toEqual(['plain@maker-works.com'])
    expect(crawled.pages).toMatchObject([
      { status: 'FETCHED' },
      { status: 'SKIPPED', message: expect.stringContaining('http is tried') },
    ])
    expect(crawled.findings).toEqual([])
    const named = await crawl({ startUrls: ['https://firm.example.com/'] }, { reroute })
    expect(named.findings).toMatchObject([{ category: 'network' }])
  }, 15_000)

  test('with 429 or 503 is left alone as long as it says', async () => {
    const { url, requests } = await site({
      '/': inTurn(status(429, { 'retry-after': '1' }), html(links('/a'))),
      '/a': inTurn(status(503, { 'retry-after': '3' }), html('a@maker-works.com')),
    })
    const crawled = await crawl({ startUrls: [url] })
    expect(crawled.addresses).toEqual(['a@maker-works.com'])
    expect(crawled.laters).toEqual([expect.stringContaining('pause between requests')])
    const gaps = requests.slice(1).map(({ atMs }, i) => Math.round(atMs - requests[i]!.atMs))
    expect(gaps[1]).toBeGreaterThanOrEqual(1_000)
    expect(gaps[3]).toBeGreaterThanOrEqual(3_000)
  }, 15_000)

  test('with 429 and asks to come back tomorrow is given up', async () => {
    const { url } = await site({
      '/': status(429, { 'retry-after': '86400' }),
      '/b': status(429, { 'retry-after': '86400' }),
    })
    const crawled = await crawl({ startUrls: [`${url}/`, `${url}/b`] })
    expect(crawled.findings).toMatchObject([{ category: 'rate_limited', httpStatus: 429 }])
    expect(crawled.counts).toMatchObject({ total: 2, failed: 1, skipped: 1 })
  })
})

describe('a run', () => {
  test('that is told to stop keeps what it has and goes on later', async () => {
    const stop = new AbortController()
    const { url, hits } = await site({
      '/': html(links('/a', '/b', '/c')),
      '/a': html('a@maker-works.com'),
      '/b': html('b@maker-works.com'),
      '/c': inTurn(async (_request, response, signal) => {
        stop.abort('stopped')
        await sleep(5_000, undefined, { signal })
        response.end('late')
      }, html('c@maker-works.com')),
    })
    const stopped = await crawl({ startUrls: [url] }, { signal: stop.signal })
    expect(Object.values(stopped.fates)).toContain('QUEUED')
    const resumed = await crawl({ startUrls: [url] }, { resume: stopped })
    expect(resumed.addresses).toEqual(['a@maker-works.com', 'b@maker-works.com', 'c@maker-works.com'])
    expect(resumed.counts).toMatchObject({ total: 4, succeeded: 4 })
    expect([hits('/'), hits('/c')]).toEqual([1, 2])
  })

  test('that is careful takes one page, and gives up the one that kills it', async () => {
    const { url } = await site({ '/': html(links('/a')), '/a': html('') })
    const crawled = await crawl(
      { startUrls: [`${url}/`] },
      { care: (shard) => (shard === 'main' ? 'normal' : 'give-up-one') },
    )
    expect(crawled.fates).toEqual({ '/': 'FAILED' })
    expect(crawled.findings).toMatchObject([{ category: 'internal', url: `${url}/` }])
    const one = await crawl({ startUrls: [`${url}/`] }, { care: () => 'one-item' })
    expect(one.fates).toEqual({ '/': 'FETCHED', '/a': 'FETCHED' })
  })

  test('keeps the pause between requests', async () => {
    const { url, requests, maxConcurrent } = await site({
      '/': html(links('/a', '/b')),
      '/a': html(''),
      '/b': html(''),
    })
    await crawl({ startUrls: [url], minDelayMs: 150 })
    const gaps = requests.slice(1).map(({ atMs }, i) => atMs - requests[i]!.atMs)
    expect(gaps).toHaveLength(3)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(150)
    expect(maxConcurrent()).toBe(1)
  })

  test('leaves a slow host alone for about as long as it takes to answer', async () => {
    const slow: SitePage = async (_request, response) => {
      await sleep(900)
      response.end(html(''))
    }
    const { url, requests } = await site({ '/': html(links('/a', '/b')), '/a': slow, '/b': slow })
    await crawl({ startUrls: [url] })
    const [a, b] = requests.slice(-2).map(({ atMs }) => atMs)
    // About a third of 900 ms, since the answer before came at once.
    expect(b! - a!).toBeGreaterThanOrEqual(900 + 250)
  }, 15_000)

  test('keeps the Crawl-delay of the host, without a slot where it is long', async () => {
    const { url, requests } = await site({ '/robots.txt': plainText('User-agent: *\nCrawl-delay: 2.5'), '/': html('') })
    const { laters } = await crawl({ startUrls: [url] })
    expect(requests[1]!.atMs - requests[0]!.atMs).toBeGreaterThanOrEqual(2_500)
    expect(laters).toEqual([expect.stringContaining('pause between requests')])
  }, 15_000)

  test('shares a host with another job: one connection, in turns, never without the pause', async () => {
    const pages = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`/p${i}`, html('')]))
    const { url, requests, maxConcurrent } = await site({ '/': html(links(...Object.keys(pages))), ...pages })
    const drives = await Promise.all([
      crawl({ startUrls: [url], minDelayMs: 100 }),
      crawl({ startUrls: [url], minDelayMs: 100 }),
    ])
    for (const { counts } of drives) expect(counts).toMatchObject({ total: 7, succeeded: 7 })
    const gaps = requests.slice(1).map(({ atMs }, i) => atMs - requests[i]!.atMs)
    expect(gaps.length).toBeGreaterThanOrEqual(14)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100)
    expect(maxConcurrent()).toBe(1)
  }, 15_000)
})
