import type { JobKind } from '../job-kind.ts'
import { type CrawlBatch, type CrawlCheckpoint, crawlCheckpoint } from './crawl-batch.ts'
import { crawlHost } from './crawl-host.ts'
import { estimateCrawl } from './estimate.ts'
import { example } from './example.ts'
import { checkCrawlInput, type CrawlInput, crawlInput, crawlTitle } from './input.ts'
import { type CrawlIo, crawlIo } from './io.ts'
import { retryCrawl } from './retry.ts'
import { finishCrawl, saveCrawl } from './save.ts'
import { seedCrawl } from './seed.ts'
import { checkStartTable, sitesFor } from './start-table.ts'

/** Crawls web sites for addresses. `main` puts the starts into the frontier; every other shard is a host, named as `shardOf` says. */
export const scrapeEmails: JobKind<CrawlInput, CrawlCheckpoint, CrawlBatch, CrawlIo> = {
  kind: 'scrape-emails',
  title: 'Scrape e-mail addresses',
  description:
    'Crawls web sites and collects the e-mail addresses on their pages, each with where and how it was written.',
  input: crawlInput,
  checkpoint: crawlCheckpoint,
  check: checkCrawlInput,
  inspect: checkStartTable,
  sought: sitesFor,
  estimate: estimateCrawl,
  titleOf: crawlTitle,
  io: crawlIo,
  run: (args) => (args.shard === 'main' ? seedCrawl(args) : crawlHost(args)),
  save: saveCrawl,
  finish: finishCrawl,
  retryFailed: retryCrawl,
  example,
}
