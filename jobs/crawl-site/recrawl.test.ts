import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'

import { listSightings } from '../../db/sighting-list.ts'
import { addSuppressions } from '../../db/suppressions.ts'
import { crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import { crawlRows } from '../../test/support/crawl-rows.ts'
import { type Answer, type SitePage, status } from '../../test/support/site.ts'

const { crawl, db, site } = await crawlBench()

/** Answers as servers do that know their versions; what it answers can be changed. */
function versioned(body: string, { by = 'etag' }: { by?: 'etag' | 'date' } = {}) {
  const page = { body, version: 1, sent: 0 }
  const answer: Answer = ({ headers }, response) => {
    const etag = `"v${page.version}"`
    const date = new Date(Date.UTC(2026, 0, page.version)).toUTCString()
    const same = by === 'etag' ? headers['if-none-match'] === etag : headers['if-modified-since'] === date
    const validator = by === 'etag' ? { etag } : { 'last-modified': date }
    if (same) return response.writeHead(304, validator).end()
    page.sent++
    return response.writeHead(200, { 'content-type': 'text/html', ...validator }).end(page.body)
  }
  return { page, answer }
}

const statuses = async (jobId: number) => {
  const { rows } = await sql<{ path: string; status: number }>`
    select regexp_replace(url, '^https?://[^/]+', '') as path, http_status as status from pages where job_id = ${jobId} order by url`.execute(
    db,
  )
  return Object.fromEntries(rows.map(({ path, status }) => [path, status]))
}

async function historyOf(jobId: number, address: string) {
  const found = await listSightings(db, jobId, [address], { limit: 10, backward: false })
  return found.get(address)!.rows
}

describe('a crawl of pages that an earlier one has read', () => {
  test.each(['etag', 'date'] as const)(
    'asks only whether they have changed, and loses nothing of them (%s)',
    async (by) => {
      const home = versioned(html(`${links('/a', '/team')} <a href="mailto:home@maker-works.com">Home</a>`), { by })
      const team = versioned(html(`${links('/deep')} Ada Lovelace, team@maker-works.com`), { by })
      const { url, requests } = await site({
        '/': home.answer,
        '/team': team.answer,
        '/a': html('a@maker-works.com'),
        '/deep': versioned(html('deep@maker-works.com'), { by }).answer,
      })
      const first = await crawl({ startUrls: [`${url}/`] })
      const second = await crawl({ startUrls: [`${url}/`], exclude: ['/nothing'] })
      expect(await statuses(first.jobId)).toEqual({ '/': 200, '/a': 200, '/deep': 200, '/team': 200 })
      expect(await statuses(second.jobId)).toEqual({ '/': 304, '/a': 200, '/deep': 304, '/team': 304 })
      expect([home.page.sent, team.page.sent]).toEqual([1, 1])
      expect(requests.at(-1)!.headers).toHaveProperty(by === 'etag' ? 'if-none-match' : 'if-modified-since')

      const [before, after] = [await crawlRows(db, first.jobId), await crawlRows(db, second.jobId)]
      expect(after.sightings).toEqual(before.sightings)
      expect(after.addresses).toEqual(before.addresses)
      expect(second.page('/deep')).toMatchObject({ parent: '/team', depth: 2, emails: 1 })
      expect(second.page('/')?.message).toMatch(/^unchanged since \d{4}-\d\d-\d\d$/)
      expect(second.counts).toMatchObject({ total: 4, succeeded: 4, results: 4 })
      const { host } = new URL(url)
      expect(first.notes).toEqual([{ message: `${host}: 4 pages fetched`, counts: { fetched: 4 } }])
      expect(second.notes).toEqual([
        { message: `${host}: 4 pages fetched, 3 of them unchanged`, counts: { fetched: 4, unchanged: 3 } },
      ])

      const [sighting] = await historyOf(second.jobId, 'team@maker-works.com')
      expect(sighting).toMatchObject({ stillThere: true, lastSeenAt: sighting!.foundAt })
      expect(sighting!.firstSeenAt.getTime()).toBeLessThan(sighting!.lastSeenAt.getTime())
      // The third goes on from the second.
      expect((await crawl({ startUrls: [`${url}/`] })).addresses).toEqual(second.addresses)
      expect(home.page.sent).toBe(1)
    },
  )

  test('reads what has changed, and tells what stands there no more', async () => {
    const home = versioned(html(`${links('/gone')} old@maker-works.com both@maker-works.com`))
    const pages: Record<string, SitePage> = { '/': home.answer, '/gone': html('gone@maker-works.com') }
    const { url } = await site(pages)
    const first = await crawl({ startUrls: [`${url}/`] })
    home.page.version = 2
    home.page.body = html(`${links('/gone')} new@maker-works.com both@maker-works.com`)
    pages['/gone'] = status(404)
    const second = await crawl({ startUrls: [`${url}/`] })
    expect(second.addresses).toEqual(['both@maker-works.com', 'new@maker-works.com'])
    const still = async (address: string) => (await historyOf(first.jobId, address)).map(({ stillThere }) => stillThere)
    expect(await still('both@maker-works.com')).toEqual([true])
    expect(await still('old@maker-works.com')).toEqual([false])
    expect(await still('gone@maker-works.com')).toEqual([false])
  })

  test('reads them whole when the earlier job is deleted, or it was long ago', async () => {
    const home = versioned(html('home@maker-works.com'))
    const { url } = await site({ '/': home.answer })
    const first = await crawl({ startUrls: [`${url}/`] })
    await sql`update jobs set state = 'DELETED' where id = ${first.jobId}`.execute(db)
    const second = await crawl({ startUrls: [`${url}/`] })
    expect(home.page.sent).toBe(2)
    await sql`update page_reads set read_at = read_at - interval '31 days' where job_id = ${second.jobId}`.execute(db)
    await crawl({ startUrls: [`${url}/`] })
    expect(home.page.sent).toBe(3)
    const last = await crawl({ startUrls: [`${url}/`] })
    expect([home.page.sent, last.addresses]).toEqual([3, ['home@maker-works.com']])
  })

  test('reads a page whole after all when the job that knew it goes while it is asked for', async () => {
    let go: number | undefined
    const home = versioned(html('home@maker-works.com'))
    const { url } = await site({
      '/': async (request, response, signal) => {
        if (go !== undefined) await sql`update jobs set state = 'DELETED' where id = ${go}`.execute(db)
        return home.answer(request, response, signal)
      },
    })
    go = (await crawl({ startUrls: [`${url}/`] })).jobId
    const second = await crawl({ startUrls: [`${url}/`] })
    expect([home.page.sent, second.addresses]).toEqual([2, ['home@maker-works.com']])
    expect(second.counts).toMatchObject({ total: 1, succeeded: 1 })
  })

  test('does not go by a crawl that has not read them to the full', async () => {
    for (const input of [{ maxEmailsPerDomain: 1 }, { scope: 'host' as const }]) {
      const home = versioned(html('home@maker-works.com other@maker-works.com'))
      const { url } = await site({ '/': home.answer })
      await crawl({ startUrls: [`${url}/`], ...input })
      const whole = await crawl({ startUrls: [`${url}/`] })
      expect([home.page.sent, whole.addresses.length]).toEqual([2, 2])
      // It may use what a whole one has read.
      const again = await crawl({ startUrls: [`${url}/`], ...input })
      expect([home.page.sent, again.addresses.length]).toEqual([2, 'maxEmailsPerDomain' in input ? 1 : 2])
    }
  })
})

test('addresses that are suppressed are left out, and the log says on how many pages, but never which', async () => {
  const { url } = await site({
    '/': html(`${links('/team')} ada@maker-works.com, bob@maker-works.com`),
    '/team': html('ada@maker-works.com ADA@maker-works.com'),
  })
  expect((await crawl({ startUrls: [`${url}/`] })).notes).toHaveLength(1)
  await addSuppressions(db, ['ada@maker-works.com'], { reason: 'asked not to', source: 'PERSON' })
  const crawled = await crawl({ startUrls: [`${url}/`] })
  expect(crawled.addresses).toEqual(['bob@maker-works.com'])
  expect([crawled.page('/'), crawled.page('/team')]).toMatchObject([{ emails: 1 }, { emails: 0 }])
  expect(crawled.notes.at(-1)).toEqual({
    message: '2 pages have addresses that are suppressed: they are left out',
    counts: { pages: 2 },
  })
  expect(JSON.stringify(crawled.notes)).not.toContain('ada')
})

test('a start that refreshes to another site is followed there, as behind a redirect', async () => {
  const net = { resolve: async () => ['127.0.0.1'] }
  const settings = { ownHosts: ['old.test', 'new.test'] }
  const moved = await site({ '/': html('new@firm-works.com') })
  const { port } = await site({
    '/': html(`<meta http-equiv="refresh" content="0; url=http://new.test:${moved.port}/">`),
  })
  const crawled = await crawl({ startUrls: [`http://old.test:${port}/`] }, { net, settings })
  expect(crawled.addresses).toEqual(['new@firm-works.com'])
})
