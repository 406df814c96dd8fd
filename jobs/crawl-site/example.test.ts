import { expect, test } from 'vitest'

import { crawlBench } from '../../test/support/crawl-bench.ts'
import { crawlRows } from '../../test/support/crawl-rows.ts'
import { plainText } from '../../test/support/site.ts'
import { example } from './example.ts'

const { db, crawl, site } = await crawlBench()

test('the example has several hosts, addresses that stand on two, and pages that fail', async () => {
  const sites = await Promise.all(
    example.sites!.map(({ '/robots.txt': robots = '', ...pages }) =>
      site({ ...pages, '/robots.txt': plainText(robots) }),
    ),
  )
  const crawled = await crawl(example.input(sites.map(({ url }) => url)), { atOnce: 3 })
  expect(crawled.shards.size).toBe(4)
  expect(crawled.counts).toMatchObject({ total: 45, succeeded: 36, failed: 8, skipped: 1 })
  expect(crawled.counts.results).toBe(crawled.addresses.length)
  expect(crawled.addresses).toContain('ada@maker-works.com')
  const { sightings } = await crawlRows(db, crawled.jobId)
  const hostsOf = (address: string) =>
    new Set(sightings.filter((row) => row.address === address).map((row) => new URL(row.source_url).host))
  expect(hostsOf('sales@maker-works.com').size).toBe(2)
})
