import { z } from 'zod'

import { hostList } from '../engines/crawl/host-list.ts'
import { readDomain, readStartUrl, type Start } from '../engines/crawl/scope.ts'
import type { Settings, TitleFacts } from '../job-kind.ts'
import type { InputIssue } from '../refusals.ts'

export const mostStarts = 100_000
// Any text: what is wrong with an entry is said for all of them together, when the hosts are checked.
const entry = z.string()
const pattern = z.string().min(1).max(200)

export const crawlInput = z
  .object({
    domains: z
      .array(entry)
      .max(mostStarts)
      .optional()
      .meta({
        title: 'Domains',
        description:
          'Host names of sites to crawl, such as example.com; https is tried first. A URL of a site does as well.',
        examples: [['example.com', 'www.example.org']],
      }),
    startUrls: z
      .array(entry)
      .max(mostStarts)
      .optional()
      .meta({
        title: 'Start URLs',
        description: 'Pages to start at, with http:// or https://. They are fetched whatever the patterns below say.',
        examples: [['https://example.com/about/team']],
      }),
    table: z
      .string()
      .max(1_000_000)
      .optional()
      .meta({
        title: 'Pasted table',
        description:
          'Rows of a spreadsheet or a CSV, with a column of domains or URLs. Delimiter, header and column are found by themselves; the other columns come back in the results by domain.',
        examples: ['company;website\nAcme;example.com'],
        advanced: true,
      }),
    upload: z
      .string()
      .optional()
      .meta({
        title: 'File',
        description:
          'A CSV or a text with a column of domains or URLs, up to 100,000 rows. How it is read is shown; its other columns come back in the results by domain.',
        examples: ['0f8fad5b-d9cb-469f-a165-70867728950e'],
        upload: true,
      }),
    column: z
      .string()
      .max(1_000)
      .optional()
      .meta({
        title: 'Column',
        description:
          'Of a table: the header of the column with the sites, or its number from 1, where it is not found by itself.',
        examples: ['website'],
      }),
    delimiter: z
      .string()
      .max(3)
      .optional()
      .meta({
        title: 'Delimiter',
        description: 'Of a table: the character between two cells, or tab, where it is not found by itself.',
        examples: [';'],
      }),
    header: z
      .enum(['yes', 'no'])
      .optional()
      .meta({
        title: 'Header',
        description: 'Of a table: whether the first row names the columns, where that is not found by itself.',
        examples: ['yes'],
        typeName: 'TableHeader',
      }),
    maxPagesPerDomain: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(50)
      .meta({
        title: 'Pages per domain',
        description:
          'How many pages of each domain are fetched at most, over all its hosts. Contact, imprint and team pages come first.',
        examples: [50, 1_000],
      }),
    maxDepth: z
      .number()
      .int()
      .min(0)
      .max(1_000)
      .optional()
      .meta({
        title: 'Depth',
        description: 'How many links away from a start page a page may be. 0: only the start pages. Empty: no limit.',
        examples: [3],
      }),
    include: z
      .array(pattern)
      .max(100)
      .optional()
      .meta({
        title: 'Only URLs like',
        description:
          'Links are followed only where one of these fits; * stands for anything. With / in front it is the path from end to end, otherwise any part of the URL.',
        examples: [['/team/*', '/*/contact*']],
      }),
    exclude: z
      .array(pattern)
      .max(100)
      .optional()
      .meta({
        title: 'No URLs like',
        description: 'Links are not followed where one of these fits.',
        examples: [['/shop/*', '?print=']],
      }),
    scope: z
      .enum(['domain', 'host'])
      .default('domain')
      .meta({
        title: 'Scope',
        description:
          'domain: all hosts of the registrable domain of a start, such as shop.example.com beside www.example.com. host: its host alone.',
        examples: ['domain'],
        typeName: 'CrawlScope',
      }),
    sitemap: z
      .enum(['use', 'only', 'skip'])
      .default('use')
      .meta({
        title: 'Sitemaps',
        description:
          'use: pages that a sitemap of the host lists are fetched beside those that are linked. only: these and the start pages alone. skip: no sitemap is asked for.',
        examples: ['use'],
        typeName: 'CrawlSitemap',
      }),
    maxEmailsPerDomain: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .meta({
        title: 'Addresses per domain',
        description: 'A domain is left as soon as it has yielded so many different addresses. Empty: no limit.',
        examples: [25],
      }),
    minDelayMs: z
      .number()
      .int()
      .min(0)
      .max(600_000)
      .optional()
      .meta({
        title: 'Delay in milliseconds',
        description:
          'Least pause between two requests to one host, where it is longer than what the server is set to and what the host itself asks for.',
        examples: [1_000],
      }),
    leaveOutBadRows: z
      .boolean()
      .default(false)
      .meta({
        title: 'Leave out bad rows',
        description:
          'Of a table: goes on without the rows that cannot be crawled. The log and the results by domain say why. Otherwise the table is refused, with each of them named.',
        examples: [true],
      }),
  })
  .refine(
    ({ domains = [], startUrls = [], table, upload }) =>
      domains.length + startUrls.length > 0 || table !== undefined || upload !== undefined,
    { path: ['domains'], error: 'Give at least one domain or start URL, or a table of them.' },
  )
  .refine(({ table, upload }) => table === undefined || upload === undefined, {
    path: ['table'],
    error: 'Give a pasted table or a file, not both.',
  })
  .refine(({ domains = [], startUrls = [] }) => domains.length + startUrls.length <= mostStarts, {
    path: ['domains'],
    error: `Domains and start URLs together may be ${mostStarts} at most.`,
  })

export type CrawlInput = z.infer<typeof crawlInput>

/** Every start, in the order of the input: domains, then start URLs. */
export interface NamedStart {
  path: ['domains' | 'startUrls', number]
  start: Start
}

export function readStarts(
  { domains = [], startUrls = [] }: CrawlInput,
  settings: Pick<Settings, 'ownHosts'>,
  from = 0,
  to = Infinity,
): NamedStart[] {
  const listed = hostList(settings.ownHosts)
  const starts: NamedStart[] = []
  for (let i = from; i < Math.min(to, domains.length + startUrls.length); i++) {
    const at = i - domains.length
    starts.push(
      at < 0
        ? { path: ['domains', i], start: readDomain(domains[i]!, listed) }
        : { path: ['startUrls', at], start: readStartUrl(startUrls[at]!, listed) },
    )
  }
  return starts
}

/** Names each start that cannot be crawled, with the reason. */
export function checkCrawlInput(input: CrawlInput, settings: Settings): InputIssue[] {
  return readStarts(input, settings).flatMap(({ path, start }) =>
    start.ok ? [] : [{ path, message: start.message, code: start.code }],
  )
}

/** `example.com`, `example.com and 2 more`, `example.com and a table`. */
export function crawlTitle(
  { domains = [], startUrls = [], table, upload }: CrawlInput,
  { fileName, sampleSiteUrl }: TitleFacts = {},
): string {
  const withTable = table !== undefined || upload !== undefined
  if (domains.length + startUrls.length === 0) return withTable ? shortened(fileName || 'a table of sites') : ''
  const first = domains[0] ?? startUrls[0] ?? ''
  const more = domains.length + startUrls.length - 1
  const isSample = sampleSiteUrl !== undefined && bare(first) === bare(sampleSiteUrl)
  const short = isSample ? 'Sample site' : shortened(bare(first))
  const named = more > 0 ? `${short} and ${more} more` : short
  return withTable ? `${named}, and ${shortened(fileName || 'a table')}` : named
}

function bare(start: string): string {
  return start
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/$/, '')
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text
}
