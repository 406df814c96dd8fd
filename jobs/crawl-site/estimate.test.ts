import { expect, test } from 'vitest'

import { estimateCrawl } from './estimate.ts'
import { crawlInput } from './input.ts'

const outlook = { settings: { minDelayMs: 1_000, ownHosts: [] }, openUpload: async () => undefined }
const estimate = async (input: unknown) => {
  const { items, seconds } = await estimateCrawl(crawlInput.parse(input), outlook)
  return { items, seconds }
}
const unusable = async (input: unknown) => (await estimateCrawl(crawlInput.parse(input), outlook)).unusable

test('pages of all hosts, and the time of the slowest', async () => {
  expect(await estimate({ domains: ['example.com'] })).toEqual({ items: 50, seconds: 49 })
  expect(await estimate({ domains: ['example.com', 'example.org'], maxPagesPerDomain: 10 })).toEqual({
    items: 20,
    seconds: 9,
  })
  expect(await estimate({ domains: ['example.com'], maxPagesPerDomain: 10, minDelayMs: 5_000 })).toEqual({
    items: 10,
    seconds: 45,
  })
})

test('only the start pages where no link is followed; two starts of a host are one host', async () => {
  const startUrls = ['https://example.com/a', 'https://example.com/b', 'https://example.org/']
  expect(await estimate({ startUrls, maxDepth: 0 })).toEqual({ items: 3, seconds: 1 })
  expect(await estimate({ startUrls })).toEqual({ items: 100, seconds: 49 })
})

test('what cannot be crawled counts for nothing', async () => {
  expect(await estimate({ domains: ['not a domain'] })).toEqual({ items: 0, seconds: 0 })
})

test('the sites of a table count beside those that are typed', async () => {
  const table = 'company;website\nAcme;example.com\nNone;\nBeta;https://example.org/about\nAcme again;example.com/team'
  expect(await estimate({ table })).toEqual({ items: 100, seconds: 49 })
  expect(await estimate({ domains: ['example.com', 'example.net'], table })).toEqual({ items: 150, seconds: 49 })
  expect(await estimate({ startUrls: ['https://example.com/'], table, maxDepth: 0 })).toEqual({ items: 4, seconds: 2 })
})

test('rows of a table that cannot be crawled are counted', async () => {
  expect(await unusable({ table: 'website\nexample.com\nexa mple\n\n10.0.0.1' })).toBe(2)
  expect(await unusable({ table: 'website\nexample.com' })).toBe(0)
  expect(await unusable({ domains: ['example.com'] })).toBeNull()
})

test.each([
  ['a table whose column is not there', { table: 'name;site\nA;example.com', column: 'nowhere' }],
  ['a table that breaks off', { table: 'name;site\nA;example.com\n"B;example.org' }],
  ['a file that is not there', { upload: '0f8fad5b-d9cb-469f-a165-70867728950e' }],
  ['more than can be started', { table: 'a.com\n'.repeat(100_000), domains: ['example.com'] }],
])('of %s nothing can be said', async (_, input) => {
  expect(await estimate(input)).toEqual({ items: null, seconds: null })
})
