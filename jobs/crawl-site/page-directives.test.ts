import { describe, expect, test } from 'vitest'

import { crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import type { SitePage } from '../../test/support/site.ts'

const { crawl, site } = await crawlBench()
const own = `${links('/b')} a@maker-works.com`
const head = (tags: string) => `<!doctype html><head>${tags}</head><body>${own}</body>`

describe('a page', () => {
  test.each<[what: string, page: SitePage]>([
    ['X-Robots-Tag', { headers: { 'x-robots-tag': 'otherbot: all, mailquarry: noindex' }, body: html(own) }],
    ['a robots meta', head('<meta name="robots" content="noindex">')],
    ['a meta for us alone', head('<meta name="Mailquarry" content="noindex">')],
  ])('whose %s says noindex keeps its addresses', async (_what, page) => {
    const { url } = await site({ '/': page, '/b': html('b@maker-works.com') })
    expect((await crawl({ startUrls: [`${url}/`] })).addresses).toEqual(['b@maker-works.com'])
  })

  test.each<[what: string, page: SitePage]>([
    ['X-Robots-Tag', { headers: { 'x-robots-tag': 'nofollow' }, body: html(own) }],
    ['robots meta', head('<meta name="robots" content="nofollow">')],
  ])('whose %s says nofollow leads nowhere', async (_what, page) => {
    const { url } = await site({ '/': page, '/b': html('b@maker-works.com') })
    const { fates, addresses } = await crawl({ startUrls: [`${url}/`] })
    expect([fates, addresses]).toEqual([{ '/': 'FETCHED' }, ['a@maker-works.com']])
  })

  test('is not followed by links with rel=nofollow alone', async () => {
    const { url } = await site({
      '/': html('<a href="/a" rel="nofollow">a</a> <a href="/b" rel="external nofollow">b</a> <a href="/b">b</a>'),
      '/a': html('a@maker-works.com'),
      '/b': html('b@maker-works.com'),
    })
    const { fates } = await crawl({ startUrls: [`${url}/`] })
    expect(fates).toEqual({ '/': 'FETCHED', '/b': 'FETCHED' })
  })

  test('is resolved by its <base>', async () => {
    const { url } = await site({
      '/': '<base href="/deep/"><a href="b">b</a>',
      '/deep/b': html('b@maker-works.com'),
    })
    expect((await crawl({ startUrls: [`${url}/`] })).fates).toEqual({ '/': 'FETCHED', '/deep/b': 'FETCHED' })
  })

  test('is fetched at its canonical URL too, at the same depth', async () => {
    const { url } = await site({
      '/': html(links('/list?view=1')),
      '/list': html('list@maker-works.com'),
      '/list?view=1': '<link rel="canonical" href="/list">',
    })
    const { page } = await crawl({ startUrls: [`${url}/`], maxDepth: 1 })
    expect([page('/list?view=1')?.depth, page('/list')?.depth, page('/list')?.status]).toEqual([1, 1, 'FETCHED'])
  })

  test('is left for where its refresh leads, at the same depth', async () => {
    const { url } = await site({
      '/': html(links('/old')),
      '/old': '<meta http-equiv="refresh" content="0; url=/new">',
      '/new': html('new@maker-works.com'),
    })
    const { page, addresses } = await crawl({ startUrls: [`${url}/`], maxDepth: 1 })
    expect([page('/new')?.depth, addresses]).toEqual([1, ['new@maker-works.com']])
  })
})
