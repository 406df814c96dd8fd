import type { IncomingMessage, ServerResponse } from 'node:http'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'

import { beforeAll, describe, expect, test } from 'vitest'

import { type Crawled, crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import { crawlRows } from '../../test/support/crawl-rows.ts'
import {
  afterRobots,
  drippingHeader,
  endlessHeader,
  type RawServer,
  startRawServer,
} from '../../test/support/raw-server.ts'
import {
  type Answer,
  drip,
  endless,
  endlessRedirect,
  hang,
  plainText,
  redirect,
  type Site,
  type SitePage,
  startSite,
  status,
} from '../../test/support/site.ts'
import type { ErrorCategory } from '../error-category.ts'

interface HostileHost {
  /** Besides a start page with an address and links to `/trap` and `/after`, which holds another. */
  pages?: Record<string, SitePage>
  /** Asked for what is not in `pages`. */
  handler?: Answer
  /** Instead of all that. */
  raw?: Parameters<typeof startRawServer>[0]
  /** Where the trouble shows, if elsewhere. */
  at?: string
  /** What the log of the job says of it: category, and words of the message. */
  finds: [category: ErrorCategory, message: string][]
  /** Other than the addresses of the two pages. */
  addresses?: string[]
  /** So many requests at most. */
  requests?: number
}

const good = ['after@maker-works.com', 'start@maker-works.com']
const trap = (page: SitePage) => ({ '/trap': page })
const packed = (encoding: string, body: Buffer) =>
  trap({ headers: { 'content-encoding': encoding, 'content-type': 'text/html' }, body })
const zeros = Buffer.alloc(50_000_000)
const typed = (contentType: string, body: string | Buffer) => trap({ headers: { 'content-type': contentType }, body })

const hostile: Record<string, HostileHost> = {
  'a redirect to a private address': {
    pages: trap(redirect('http://10.0.0.1/')),
    finds: [['blocked', 'not on the public Internet (private)']],
  },
  'a redirect to the metadata of a cloud': {
    pages: trap(redirect('http://169.254.169.254/latest/meta-data/')),
    finds: [['blocked', 'not on the public Internet (linkLocal)']],
  },
  'a redirect to a decimal address': {
    pages: trap(redirect('http://2130706434/')),
    finds: [['blocked', 'not on the public Internet (loopback)']],
  },
  'a redirect to an octal address': {
    pages: trap(redirect('http://0300.0250.1.1/')),
    finds: [['blocked', 'not on the public Internet (private)']],
  },
  'a redirect to a mapped address': {
    pages: trap(redirect('http://[::ffff:127.0.0.1]:1/')),
    finds: [['blocked', 'not on the public Internet (ipv4Mapped)']],
  },
  'a start that redirects to a name of a private address': {
    pages: { '/': redirect('http://inside.hostile.test/') },
    at: 'http://inside.hostile.test/',
    finds: [['blocked', 'inside.hostile.test is not on the public Internet (private)']],
    addresses: [],
  },
  'a start that redirects to a name of a mapped address': {
    pages: { '/': redirect('http://mapped.hostile.test/') },
    at: 'http://mapped.hostile.test/',
    finds: [['blocked', 'mapped.hostile.test is not on the public Internet (ipv4Mapped)']],
    addresses: [],
  },
  'a start that redirects to a name that is bound anew': {
    pages: { '/': redirect('http://rebound.hostile.test/') },
    at: 'http://rebound.hostile.test/',
    finds: [['blocked', 'rebound.hostile.test is not on the public Internet']],
    addresses: [],
  },
  'a redirect without end': { pages: trap(endlessRedirect), finds: [['network', 'more than 5 redirects in a row']] },
  'a body that says 10 GB': {
    pages: trap((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': '10000000000' }).flushHeaders(),
    ),
    finds: [['too_large', 'larger than 5000000 bytes']],
  },
  'a body that has no end': { pages: trap(endless), finds: [['too_large', 'larger than 5000000 bytes']] },
  'a page of one line of 50 MB': {
    pages: typed('text/html', Buffer.alloc(50_000_000, 'x')),
    finds: [['too_large', 'larger than 5000000 bytes']],
  },
  'a gzip bomb': { pages: packed('gzip', gzipSync(zeros)), finds: [['too_large', 'larger than']] },
  'a brotli bomb': { pages: packed('br', brotliCompressSync(zeros)), finds: [['too_large', 'larger than']] },
  'a zstd bomb': { pages: packed('zstd', zstdCompressSync(zeros)), finds: [['too_large', 'larger than']] },
  'a bomb in a bomb': { pages: packed('gzip, gzip', gzipSync(gzipSync(zeros))), finds: [['too_large', 'larger than']] },
  'a coding that it is not': { pages: packed('gzip', Buffer.from('no gzip')), finds: [['parse', 'damaged']] },
  'an error for good': { pages: trap(status(500)), finds: [['http_5xx', 'answered 500']] },
  'a socket that hangs': { pages: trap(hang), finds: [['timeout', 'no ']] },
  'a body that drips': { pages: trap(drip({ everyMs: 20 })), finds: [['timeout', 'the body took longer']] },
  'a header that drips': { raw: afterRobots(drippingHeader(20)), finds: [['timeout', 'no ']] },
  'headers without end': { raw: afterRobots(endlessHeader), finds: [['too_large', 'the header of the answer']] },
  'no HTTP at all': {
    raw: afterRobots((socket) => socket.write('220 mail.example ESMTP\r\n')),
    finds: [['parse', 'no valid HTTP']],
  },
  'a charset that nobody knows': {
    pages: typed('text/html; charset=martian', html('trap@maker-works.com')),
    finds: [],
    addresses: [...good, 'trap@maker-works.com'],
  },
  'a charset that lies about UTF-16': {
    pages: typed('text/html; charset=utf-16', html('trap@maker-works.com')),
    finds: [],
    addresses: [...good, 'trap@maker-works.com'],
  },
  'a charset that lies about UTF-8': {
    pages: typed('text/html; charset=utf-8', Buffer.from(html('m\u00fcller@maker-works.com'), 'latin1')),
    finds: [],
    addresses: [...good, 'müller@maker-works.com'],
  },
  'HTML nested 100,000 deep': {
    pages: trap(`${'<div>'.repeat(100_000)}trap@maker-works.com${'</div>'.repeat(100_000)}`),
    finds: [],
    addresses: [...good, 'trap@maker-works.com'],
  },
  'a page of one line of 4.9 MB': {
    pages: trap(`<p>${'x'.repeat(2_450_000)} trap@maker-works.com ${'<b>y '.repeat(490_000)}`),
    finds: [],
    addresses: [...good, 'trap@maker-works.com'],
  },
  'a calendar of a million pages': {
    pages: trap(redirect(`/calendar/${new Date().getFullYear()}/1/1`)),
    handler: calendar,
    finds: [['too_large', 'links into what has no end are not followed']],
    requests: 200,
  },
  'a calendar of every day': {
    pages: trap(redirect(`/termine?am=${dayOf(Date.now())}`)),
    handler: days,
    finds: [['too_large', 'links into what has no end are not followed']],
    requests: 200,
  },
  'folders in folders for ever': {
    pages: trap(html('<a href="a/b/">deeper</a>')),
    handler: (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<a href="a/b/">deeper</a>'),
    finds: [['too_large', 'links into what has no end are not followed']],
    requests: 10,
  },
  'a robots.txt of 10 MB': {
    pages: { '/robots.txt': plainText(`User-agent: *\nDisallow: /trap\n${'# filler\n'.repeat(1_100_000)}`) },
    finds: [['too_large', 'robots.txt is larger than 500 KiB']],
  },
  'a robots.txt that blows up': {
    pages: { '/robots.txt': { headers: { 'content-encoding': 'gzip' }, body: gzipSync(zeros) } },
    finds: [['too_large', 'robots.txt is larger than 500 KiB']],
  },
  'a robots.txt with 503': {
    pages: { '/robots.txt': status(503, { 'retry-after': '0' }) },
    finds: [
      ['robots', 'robots.txt answered 503, so nothing may be fetched'],
      ['robots', 'robots.txt answered 503, so nothing may be fetched'],
    ],
    addresses: [],
  },
  'a robots.txt that redirects in a circle': {
    pages: { '/robots.txt': redirect('/robots.txt?again') },
    finds: [['robots', 'robots.txt redirects without end and counts as missing']],
  },
  'a robots.txt that redirects to a private address': {
    pages: { '/robots.txt': redirect('http://10.0.0.1/robots.txt') },
    finds: [['blocked', 'robots.txt']],
    addresses: [],
  },
  'a sitemap that blows up': {
    pages: {
      '/robots.txt': plainText('Sitemap: /map.xml.gz'),
      '/map.xml.gz': {
        headers: { 'content-type': 'application/gzip' },
        body: gzipSync(Buffer.alloc(100_000_000, ' ')),
      },
    },
    finds: [['too_large', 'sitemap: the body is larger than']],
  },
  'a sitemap of sitemaps for ever': {
    pages: { '/robots.txt': plainText('Sitemap: /map/0') },
    handler: ({ url = '' }, response) => {
      const number = Number(url.split('/').at(-1))
      const children = [1, 2].map((child) => `<sitemap><loc>/map/${2 * number + child}</loc></sitemap>`)
      response.end(`<sitemapindex>${children.join('')}</sitemapindex>`)
    },
    // Deeper than three indexes none is followed.
    finds: [],
    requests: 4 + 1 + 2 + 4 + 8,
  },
  'a robots.txt that hangs': { pages: { '/robots.txt': hang }, finds: [['timeout', 'robots.txt']], addresses: [] },
}

/** Of every year there is: each month leads to its days, to the next month and to the one before. */
function calendar({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const [year, month] = url.split('/').slice(2).map(Number)
  const path = (at: number, day: number) => `/calendar/${Math.floor(at / 12)}/${(at % 12) + 1}/${day}`
  const at = year! * 12 + month! - 1
  response.writeHead(200, { 'content-type': 'text/html' })
  response.end(html(links(path(at + 1, 1), path(at - 1, 1), path(at, 1), path(at, 11), path(at, 21))))
}

/** Each day leads to the next and to the one before. */
function days({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const at = Date.parse(url.split('=').at(-1)!)
  if (Number.isNaN(at)) return void response.writeHead(404).end()
  response.writeHead(200, { 'content-type': 'text/html' })
  response.end(html(links(`/termine?am=${dayOf(at + 86_400_000)}`, `/termine?am=${dayOf(at - 86_400_000)}`)))
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

const { crawl, db } = await crawlBench()

// All at once, in one job: what one of them does must not disturb the others.
let crawled: Crawled
const origins = new Map<string, string>()
const asked = new Map<string, number>()

beforeAll(async () => {
  const sites = await Promise.all(
    Object.entries(hostile).map(async ([name, { pages, handler, raw }]) => {
      const site: RawServer & Partial<Site> = raw
        ? await startRawServer(raw)
        : await startSite({
            pages: {
              '/': html(`${links('/trap', '/after')} start@maker-works.com`),
              '/after': html('after@maker-works.com'),
              '/trap': html('nothing'),
              ...pages,
            },
            handler,
          })
      origins.set(name, site.url)
      return { name, site }
    }),
  )
  crawled = await crawl(
    { startUrls: [...origins.values()].map((origin) => `${origin}/`), maxPagesPerDomain: 2_000, sitemap: 'use' },
    {
      atOnce: 50,
      net: {
        limits: { connectMs: 2_000, headMs: 1_000, bodyMs: 5_000 },
        resolve: async (name) =>
          name.startsWith('inside')
            ? ['10.0.0.1']
            : name.startsWith('mapped')
              ? ['::ffff:10.0.0.1']
              : [['127.0.0.1'], ['::1']][rebound++ % 2]!,
      },
    },
  )
  for (const { name, site } of sites) if (site.requests) asked.set(name, site.requests.length)
  await Promise.all(sites.map(({ site }) => site.close()))
}, 120_000)
let rebound = 0

describe('a host with', () => {
  test.each(Object.entries(hostile))('%s', async (name, { raw, at, finds, addresses = raw ? [] : good, requests }) => {
    const origin = origins.get(name)!
    const found = crawled.findings.filter(({ url }) => url?.startsWith(at ?? `${origin}/`))
    expect(found.map(({ category, message }) => [category, message])).toEqual(
      finds.map(([category, message]) => [category, expect.stringContaining(message)]),
    )
    expect(await addressesOf(origin)).toEqual(addresses.toSorted())
    if (requests !== undefined) expect(asked.get(name)).toBeLessThanOrEqual(requests)
  })

  test('all of them together leaves counts that add up', () => {
    const { total, succeeded, failed, skipped } = crawled.counts
    expect(total).toBe(succeeded + failed + skipped)
    expect(crawled.pages.filter(({ status }) => status === 'QUEUED')).toEqual([])
  })
})

async function addressesOf(origin: string): Promise<string[]> {
  const { sightings } = await crawlRows(db, crawled.jobId)
  const found = sightings.filter(({ source_url }) => source_url.startsWith(`${origin}/`))
  return [...new Set(found.map(({ address }) => address))].toSorted()
}
