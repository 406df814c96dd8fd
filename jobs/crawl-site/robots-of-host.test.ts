import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'

import { crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import { endlessRedirect, plainText, redirect, type SitePage, status } from '../../test/support/site.ts'

const { crawl, db, site } = await crawlBench()

describe('robots.txt', () => {
  test('is obeyed, and what it forbids is skipped with the line', async () => {
    const { url, hits } = await site({
      '/robots.txt': plainText(
        'User-agent: *\nDisallow: /private\nAllow: /private/open\n\nUser-agent: other\nDisallow: /',
      ),
      '/': html(links('/private/a', '/private/open', '/b')),
      '/private/open': html('open@maker-works.com'),
      '/private/a': html('secret@maker-works.com'),
      '/b': html(''),
    })
    const crawled = await crawl({ startUrls: [`${url}/`] })
    expect(crawled.fates).toEqual({
      '/': 'FETCHED',
      '/b': 'FETCHED',
      '/private/a': 'SKIPPED',
      '/private/open': 'FETCHED',
    })
    expect(crawled.page('/private/a')).toMatchObject({
      category: 'robots',
      message: 'robots.txt forbids it (Disallow: /private)',
    })
    expect(crawled.findings).toEqual([])
    expect([hits('/private/a'), hits('/robots.txt')]).toEqual([0, 1])
  })

  test('that forbids a start is a finding', async () => {
    const { url } = await site({ '/robots.txt': plainText('User-agent: mailquarry\nDisallow: /'), '/': html('') })
    const { findings, counts } = await crawl({ startUrls: [`${url}/`] })
    expect(findings).toMatchObject([{ category: 'robots', url: `${url}/` }])
    expect(counts).toMatchObject({ total: 1, skipped: 1 })
  })

  test('is asked for once in 24 hours, whatever the number of jobs', async () => {
    const { url, hits } = await site({
      '/robots.txt': plainText('User-agent: *\nDisallow: /a'),
      '/': html(links('/a')),
    })
    const asked: number[] = []
    for (const minutes of [0, 24 * 60 - 1, 1]) {
      await sql`update robots set expires_at = expires_at - ${minutes} * interval '1 minute'`.execute(db)
      expect((await crawl({ startUrls: [`${url}/`] })).fates).toEqual({ '/': 'FETCHED', '/a': 'SKIPPED' })
      asked.push(hits('/robots.txt'))
    }
    expect(asked).toEqual([1, 1, 2])
  })

  test.each<[what: string, robots: SitePage]>([
    ['missing', status(404)],
    ['refused', status(403)],
    ['behind endless redirects', endlessRedirect],
  ])('that is %s allows all', async (_what, robots) => {
    const { url } = await site({ '/robots.txt': robots, '/': html('') })
    expect((await crawl({ startUrls: [`${url}/`] })).fates).toEqual({ '/': 'FETCHED' })
  })

  test('is read behind redirects', async () => {
    const { url } = await site({
      '/robots.txt': redirect('/rules'),
      '/rules': plainText('User-agent: *\nDisallow: /'),
      '/': html(''),
    })
    expect((await crawl({ startUrls: [`${url}/`] })).fates).toEqual({ '/': 'SKIPPED' })
  })

  test('that answers 500 for good forbids all', async () => {
    const { url, hits } = await site({ '/robots.txt': status(500), '/': html('') })
    const crawled = await crawl({ startUrls: [`${url}/`, `${url}/b`] })
    expect(crawled.fates).toEqual({ '/': 'SKIPPED', '/b': 'SKIPPED' })
    expect(crawled.findings).toContainEqual({
      category: 'robots',
      message: 'robots.txt answered 500, so nothing may be fetched',
      url: `${url}/robots.txt`,
      httpStatus: 500,
    })
    expect([hits('/'), hits('/robots.txt')]).toEqual([0, 3])
  }, 15_000)

  test('of 10 MB is read as far as it must be', async () => {
    const { url } = await site({
      '/robots.txt': plainText(`User-agent: *\nDisallow: /a\n${'# filler\n'.repeat(1_100_000)}Disallow: /b`),
      '/': html(links('/a', '/b')),
      '/b': html(''),
    })
    const crawled = await crawl({ startUrls: [`${url}/`] })
    expect(crawled.fates).toEqual({ '/': 'FETCHED', '/a': 'SKIPPED', '/b': 'FETCHED' })
    expect(crawled.findings).toMatchObject([{ category: 'too_large' }])
  })
})
