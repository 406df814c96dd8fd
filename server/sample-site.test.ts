import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

import { startSampleSite } from './sample-site.ts'
import type { SampleSite } from './sample-site.ts'

const expected = z
  .object({
    pages: z.array(z.string()),
    sitemapOnly: z.array(z.string()),
    redirects: z.record(z.string(), z.string()),
    failing: z.record(z.string(), z.number()),
    forbidden: z.array(z.string()),
    notFollowed: z.array(z.string()),
    addresses: z.array(
      z.object({ address: z.string(), places: z.array(z.object({ page: z.string(), way: z.string() })) }),
    ),
    traps: z.array(z.object({ text: z.string(), page: z.string(), why: z.string() })),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../test/fixtures/sample-site-expected.json'), 'utf8')))

let site: SampleSite
beforeAll(async () => {
  site = await startSampleSite({ host: '127.0.0.1', port: 0 })
})
afterAll(() => site.close())

const get = (path: string, init: RequestInit = {}) => fetch(new URL(path, site.url), { redirect: 'manual', ...init })
const textOf = async (path: string) => await (await get(path)).text()

/** What the links of a page lead to: paths with their query, nofollow left out. */
async function linksOf(path: string): Promise<string[]> {
  const response = await get(path)
  if (!response.headers.get('content-type')?.startsWith('text/html') || response.status !== 200) return []
  const html = await response.text()
  if (html.includes('content="nofollow"')) return []
  const base = new URL(/<base href="([^"]*)"/.exec(html)?.[1] ?? path, new URL(path, site.url))
  const anchors = [...html.matchAll(/<a [^>]*href="([^"#&][^"]*)"[^>]*>/g)].filter(([tag]) => !tag.includes('nofollow'))
  return anchors
    .map(([, href]) => new URL(href!.replaceAll('&amp;', '&'), base))
    .flatMap((url) => (url.protocol === 'http:' ? [url.pathname + url.search] : []))
}

describe('the sample site', () => {
  test('leads to every expected page by its links, and to no other', async () => {
    const seen = new Set<string>()
    const waiting = ['/']
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path) || path.includes('month=') || expected.forbidden.includes(path)) continue
      seen.add(path)
      waiting.push(...(await linksOf(path)))
    }
    const wanted = [
      ...expected.pages,
      ...Object.keys(expected.redirects),
      ...Object.keys(expected.failing),
      '/blog/?utm_source=home&utm_medium=teaser',
    ]
    expect(new Set([...seen].filter((path) => !path.startsWith('/cdn-cgi/')))).toEqual(new Set(wanted))
  })

  test('answers each page, redirect and fault as the list says', async () => {
    for (const path of [...expected.pages, ...expected.sitemapOnly, ...expected.notFollowed])
      expect([path, (await get(path)).status]).toEqual([path, 200])
    for (const [from, to] of Object.entries(expected.redirects))
      expect((await get(from)).headers.get('location')).toBe(to)
    for (const [path, status] of Object.entries(expected.failing))
      expect([path, (await get(path)).status]).toEqual([path, status])
    for (const path of ['/%ff', '/../package.json', '/events/?month=soon', '/toString', '/style.css/'])
      expect([path, (await get(path)).status]).toEqual([path, 404])
    expect((await get('/', { method: 'POST' })).status).toBe(405)
  })

  test('names its own origin in robots.txt and in the sitemap', async () => {
    expect(await textOf('/robots.txt')).toContain(`Sitemap: ${site.url}sitemap.xml`)
    const listed = [...(await textOf('/sitemap.xml')).matchAll(/<loc>([^<]*)<\/loc>/g)].map(([, url]) => url!)
    expect(listed).toContain(`${site.url}warranty.html`)
    for (const url of listed) expect([url, (await fetch(url)).status]).toEqual([url, 200])
  })

  test('answers 304 to a known version', async () => {
    const first = await get('/team.html')
    const etag = first.headers.get('etag')!
    expect((await get('/team.html', { headers: { 'if-none-match': `"other", W/${etag}` } })).status).toBe(304)
    expect((await get('/team.html', { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
    expect(
      (await get('/team.html', { headers: { 'if-modified-since': first.headers.get('last-modified')! } })).status,
    ).toBe(304)
    expect(
      (await get('/team.html', { headers: { 'if-modified-since': 'Thu, 01 Jan 1987 00:00:00 GMT' } })).status,
    ).toBe(200)
    const head = await get('/team.html', { method: 'HEAD' })
    expect([head.headers.get('content-length'), await head.text()]).toEqual([
      String(Buffer.byteLength(await first.text())),
      '',
    ])
  })

  test('has a calendar that goes on for ever', async () => {
    let path = '/events/?month=2026-12'
    for (const month of ['December 2026', 'January 2027', 'February 2027']) {
      const html = await textOf(path)
      expect(html).toContain(`<h1>Events in ${month}</h1>`)
      path = `/events/${/href="\/events\/(\?month=[\d-]+)">Next/.exec(html)![1]}`
    }
  })

  test('asks for nothing from elsewhere', async () => {
    for (const path of [...expected.pages, '/style.css'])
      expect(await textOf(path)).not.toMatch(/(?:src|srcset|href|action)="(?:https?:)?\/\/|url\(|@import/)
  })
})

describe('the list of what is on it', () => {
  test('names each address once, in normal form', () => {
    const addresses = expected.addresses.map(({ address }) => address)
    expect(new Set(addresses).size).toBe(addresses.length)
    for (const address of addresses)
      expect(address).toMatch(/^[a-zö.+-]+@(?:fernhill-instruments\.com|xn--farnhgel-instrumente-tec\.de)$/)
  })

  test('has the plain ways word for word on their pages', async () => {
    const plain = expected.addresses.flatMap(({ address, places }) =>
      places
        .filter(({ way }) =>
          /^(?:visible text|mailto(?: with subject)?|mailto with several|vcard|microdata)$/.test(way),
        )
        .map(({ page }) => ({ address, page })),
    )
    expect(plain.length).toBeGreaterThan(10)
    for (const { address, page } of plain) expect(await textOf(page === '*' ? '/' : page)).toContain(address)
  })

  test('has the hidden ways not word for word', async () => {
    const ways =
      /cloudflare|reversed|\[at\]|\(at\)|\(ät\)|\{at\}|AT DOT|arobase|arroba|chiocciola|małpa|apenstaartje|entit|zero-width|soft hyphens|ROT13|base64|u0040|JavaScript|full-width/
    const hidden = expected.addresses.flatMap(({ address, places }) =>
      places.filter(({ way }) => ways.test(way)).map(({ page }) => ({ address, page })),
    )
    expect(hidden.length).toBeGreaterThan(20)
    for (const { address, page } of hidden) expect(await textOf(page)).not.toContain(address)
  })

  test('has each trap on its page', async () => {
    for (const { text, page } of expected.traps) expect(await textOf(page)).toContain(text)
    const addresses = expected.addresses.map(({ address }) => address)
    for (const { text } of expected.traps) expect(addresses).not.toContain(text)
  })
})
