import { expect, test } from 'vitest'

import { estimateCrawl } from './estimate.ts'
import { crawlInput } from './input.ts'

const settings = { minDelayMs: 1_000, ownHosts: [] }
const estimate = (input: unknown) => {
  const { items, seconds } = estimateCrawl(crawlInput.parse(input), settings)
  return { items, seconds }
}

test('pages of all hosts, and the time of the slowest', () => {
  expect(estimate({ domains: ['example.com'] })).toEqual({ items: 50, seconds: 49 })
  expect(estimate({ domains: ['example.com', 'example.org'], maxPagesPerDomain: 10 })).toEqual({
    items: 20,
    seconds: 9,
  })
  expect(estimate({ domains: ['example.com'], maxPagesPerDomain: 10, minDelayMs: 5_000 })).toEqual({
    items: 10,
    seconds: 45,
  })
})

test('only the start pages where no link is followed; two starts of a host are one host', () => {
  const startUrls = ['https://example.com/a', 'https://example.com/b', 'https://example.org/']
  expect(estimate({ startUrls, maxDepth: 0 })).toEqual({ items: 3, seconds: 1 })
  expect(estimate({ startUrls })).toEqual({ items: 100, seconds: 49 })
})

test('what cannot be crawled counts for nothing', () => {
  expect(estimate({ domains: ['not a domain'] })).toEqual({ items: 0, seconds: 0 })
})
