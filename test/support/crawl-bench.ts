import { sql } from 'kysely'
import { afterEach } from 'vitest'

import type { CrawlInput } from '../../jobs/crawl-site/input.ts'
import { scrapeEmails } from '../../jobs/crawl-site/job.ts'
import { createOutgoing, type Outgoing, type OutgoingOptions } from '../../jobs/outgoing.ts'
import { type Drive, driveKind, type DriveOptions } from './drive-kind.ts'
import { testDatabase } from './postgres.ts'
import { type Site, type SitePage, startSite } from './site.ts'

export interface CrawlOptions extends Partial<DriveOptions<CrawlInput>> {
  net?: Partial<OutgoingOptions>
  /** Where a URL is really asked for: a way to names and ports that a test cannot have. */
  reroute?: (url: string) => string
}

export interface PageOfTest {
  path: string
  status: string
  depth: number
  message: string | null
  category: string | null
  parent: string | null
  emails: number
}

export interface Crawled extends Drive {
  pages: PageOfTest[]
  page(path: string): PageOfTest | undefined
  /** Status by path. */
  fates: Record<string, string>
  addresses: string[]
}

/** For a test file about crawls: a database of its own, sites, and crawls of them without the engine. All is closed after each test. */
export async function crawlBench() {
  const { db, url } = await testDatabase()
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()))
    await sql`truncate robots, origins`.execute(db)
  })
  const outgoing = (allowHosts: string[], net: Partial<OutgoingOptions> = {}) => {
    const made = createOutgoing({ allowHosts, userAgent: 'Mailquarry-test', ...net })
    closing.push(() => made.close())
    return made
  }
  return {
    db,
    url,
    outgoing,
    closing,
    async site(pages: Record<string, SitePage>): Promise<Site> {
      const started = await startSite({ pages })
      closing.push(() => started.close())
      return started
    },
    async crawl(
      input: Partial<CrawlInput>,
      { net, reroute = (url) => url, ...options }: CrawlOptions = {},
    ): Promise<Crawled> {
      const ownHosts = options.settings?.ownHosts ?? ['127.0.0.1']
      const real = outgoing(ownHosts, net)
      const routed: Outgoing = {
        ...real,
        request: (url, request) => real.request(reroute(url), request),
        open: (url, request) => real.open(reroute(url), request),
        addressOf: (url, signal) => real.addressOf(reroute(url), signal),
      }
      const drive = await driveKind(scrapeEmails, {
        db,
        outgoing: routed,
        // Most tests look at each request: sitemaps are asked for where a test is about them.
        input: scrapeEmails.input.parse({ sitemap: 'skip', ...input }),
        ...options,
        settings: { ownHosts, ...options.settings },
      })
      const { rows: pages } = await sql<PageOfTest>`
        select regexp_replace(url, '^https?://[^/]+', '') as path, status, depth, error_message as message, error_category as category,
          regexp_replace(parent_url, '^https?://[^/]+', '') as parent, email_count as emails
        from pages where job_id = ${drive.jobId} order by url`.execute(db)
      const { rows: found } = await sql<{
        address: string
      }>`select address from job_addresses where job_id = ${drive.jobId} order by address`.execute(db)
      return {
        ...drive,
        pages,
        page: (path) => pages.find((page) => page.path === path),
        fates: Object.fromEntries(pages.map(({ path, status }) => [path, status])),
        addresses: found.map(({ address }) => address),
      }
    },
  }
}

export const links = (...paths: string[]) => paths.map((path) => `<a href="${path}">${path}</a>`).join(' ')

export const html = (body: string) => `<!doctype html><title>t</title><body>${body}</body>`
