import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { testSettings } from '../../test/support/engine.ts'
import { checkCrawlInput, crawlInput, crawlTitle } from './input.ts'
import { scrapeEmails } from './job.ts'

const check = (input: unknown, ownHosts: string[] = []) => {
  const parsed = crawlInput.safeParse(input)
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => ({ path, message }))
  return checkCrawlInput(parsed.data, { ...testSettings, ownHosts }).map(({ path, code }) => ({ path, code }))
}

test('names each start that cannot be crawled', () => {
  expect(check({ domains: ['not a domain', 'http://10.0.0.1/', 'localhost', 'ex ample.com'] })).toEqual([
    { path: ['domains', 0], code: 'not_a_domain' },
    { path: ['domains', 1], code: 'private_address' },
    { path: ['domains', 2], code: 'local_name' },
    { path: ['domains', 3], code: 'not_a_domain' },
  ])
  expect(
    check({ domains: ['example.com'], startUrls: ['https://example.com/a', 'http://[::1]/', 'http://x.invalid/'] }),
  ).toEqual([
    { path: ['startUrls', 1], code: 'private_address' },
    { path: ['startUrls', 2], code: 'unknown_tld' },
  ])
})

test('lets the hosts of the operator pass', () => {
  const input = { domains: ['localhost:3000', 'localhost:3001'], startUrls: ['http://10.0.0.1/'] }
  expect(check(input, ['localhost:3000', '10.0.0.1'])).toEqual([{ path: ['domains', 1], code: 'local_name' }])
})

describe('refuses by shape', () => {
  test.each<[what: string, input: object, path: string[]]>([
    ['nothing to crawl', {}, ['domains']],
    ['empty lists', { domains: [], startUrls: [] }, ['domains']],
    ['a cap of 0', { domains: ['example.com'], maxPagesPerDomain: 0 }, ['maxPagesPerDomain']],
    ['a cap beyond a million', { domains: ['example.com'], maxPagesPerDomain: 1_000_001 }, ['maxPagesPerDomain']],
    ['half a page', { domains: ['example.com'], maxPagesPerDomain: 1.5 }, ['maxPagesPerDomain']],
    ['another scope', { domains: ['example.com'], scope: 'world' }, ['scope']],
    ['a negative delay', { domains: ['example.com'], minDelayMs: -1 }, ['minDelayMs']],
    ['an empty pattern', { domains: ['example.com'], include: [''] }, ['include', 0 as unknown as string]],
  ])('%s', (_what, input, path) => {
    expect(check(input)).toEqual([{ path, message: expect.any(String) }])
  })

  test('more starts than a job may have', () => {
    const domains = Array.from({ length: 60_000 }, () => 'example.com')
    expect(check({ domains, startUrls: domains })).toMatchObject([{ path: ['domains'] }])
    expect(check({ domains: [...domains, ...domains] })).toMatchObject([{ path: ['domains'] }])
  })
})

test('every field has what a form needs', () => {
  const schema = z.toJSONSchema(crawlInput, { io: 'input' })
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => ({ name, ...(field as object) }))
  expect(fields.map(({ name }) => name)).toEqual([
    'domains',
    'startUrls',
    'table',
    'upload',
    'column',
    'delimiter',
    'header',
    'maxPagesPerDomain',
    'maxDepth',
    'include',
    'exclude',
    'scope',
    'sitemap',
    'maxEmailsPerDomain',
    'minDelayMs',
    'leaveOutBadRows',
  ])
  for (const field of fields)
    expect(field).toMatchObject({
      title: expect.any(String),
      description: expect.any(String),
      examples: expect.any(Array),
    })
  expect(schema.required).toBeUndefined()
})

test.each([
  [{ domains: ['example.com'] }, 'example.com'],
  [{ domains: ['example.com', 'b.example'], startUrls: ['http://c.example/'] }, 'example.com and 2 more'],
  [{ startUrls: ['https://c.example/team/'] }, 'c.example/team'],
  [{ domains: ['x'.repeat(200)] }, `${'x'.repeat(79)}…`],
])('is called after its first start: %j', (input, title) => {
  expect(crawlTitle(crawlInput.parse(input))).toBe(title)
})

test.each([
  [{ startUrls: ['http://127.0.0.1:4001/'] }, 'Sample site'],
  [{ domains: ['127.0.0.1:4001'], startUrls: ['http://c.example/'] }, 'Sample site and 1 more'],
  [{ startUrls: ['http://127.0.0.1:4001/team.html'] }, '127.0.0.1:4001/team.html'],
  [{ startUrls: ['http://127.0.0.1:4002/'] }, '127.0.0.1:4002'],
])('names the sample site: %j', (input, title) => {
  expect(crawlTitle(crawlInput.parse(input), { sampleSiteUrl: 'http://127.0.0.1:4001/' })).toBe(title)
})

test('the kind offers its check to the engine', () => {
  expect(scrapeEmails.check?.({ ...crawlInput.parse({ domains: ['localhost'] }) }, testSettings)).toHaveLength(1)
})
