import { z } from 'zod'

import type { GrantUse } from '../../db/crawl-grants.ts'
import type { PageRead } from '../../db/page-reads.ts'
import type { PageChange, PageLinks } from '../../db/pages.ts'
import type { Sighting } from '../../db/sightings.ts'
import type { SitemapChange } from '../../db/sitemaps.ts'

/** What a step of a crawl stores. */
export interface CrawlBatch {
  pages: PageChange[]
  links: PageLinks[]
  sitemaps: SitemapChange[]
  reads: PageRead[]
  sightings: DomainSightings[]
  grants: GrantUse[]
}

/** In the order in which the pages were fetched. */
export interface DomainSightings {
  /** Of the pages. */
  domain: string
  /** Different addresses that the domain may yield; undefined: no limit. */
  mostAddresses?: number
  sightings: Sighting[]
}

const tablePosition = z.object({ byte: z.number().int(), line: z.number().int(), row: z.number().int() })

const seeding = z.object({
  of: z.literal('seeds'),
  /** Starts that have been stored. */
  seeded: z.number().int(),
  /** How the table of starts is read, and how far it has been. */
  table: z
    .object({
      shape: z.object({
        encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be']),
        delimiter: z.string(),
        marked: z.boolean(),
        tellsDelimiter: z.boolean(),
        hasHeader: z.boolean(),
        columns: z.array(z.string()),
        column: z.number().int(),
        start: tablePosition,
      }),
      next: tablePosition,
      /** That it has lines that are not in UTF-8 has been told. */
      guessTold: z.boolean().optional(),
      /** Rows so far that cannot be crawled. */
      refused: z.number().int().optional(),
    })
    .optional(),
})

const host = z.object({
  of: z.literal('host'),
  /** Redirects that did not count as pages. */
  redirects: z.number().int(),
  /** The page that is tried again, and how often it has failed. */
  retry: z.object({ key: z.string(), failures: z.number().int() }).optional(),
  /** Where the robots.txt of an origin is asked for next, after so many redirects. */
  robots: z.object({ origin: z.string(), url: z.string(), redirects: z.number().int() }).optional(),
  /** Answers 429 or 503 in a row. */
  strikes: z.number().int(),
  /** Pages in a row that got no answer at all. */
  faults: z.number().int(),
  fetched: z.number().int(),
  /** Of these, as they were when an earlier job read them. */
  unchanged: z.number().int().optional(),
  /** Scheme, host and port of the first page that was answered with more than a redirect: the sitemaps of that origin count. */
  home: z.string().optional(),
  sitemaps: z
    .object({
      /** Files that have been named; one more than may be when there were too many. */
      files: z.number().int(),
      /** Pages taken from them, with nothing but that to speak for them, and others. */
      ordinary: z.number().int(),
      better: z.number().int(),
      /** The one that is being read, and how many of its entries are stored. */
      reading: z.object({ key: z.string(), entries: z.number().int() }).optional(),
    })
    .optional(),
  /** That it has links into a space without end has been told. */
  endlessTold: z.boolean().optional(),
  /** That addresses at placeholder domains were left out has been told. */
  placeholderTold: z.boolean().optional(),
  /** Its part of the cap that it had no use for has been given back. */
  released: z.boolean(),
  /** Why the host is not asked any more: what is left is skipped. */
  givenUp: z.string().optional(),
})

export type HostState = z.infer<typeof host>

export const crawlCheckpoint = z.discriminatedUnion('of', [seeding, host])
export type CrawlCheckpoint = z.infer<typeof crawlCheckpoint>
