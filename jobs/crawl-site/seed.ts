import type { PageChange } from '../../db/pages.ts'
import { priorities } from '../engines/crawl/priority.ts'
import type { Finding, RunEnd, Step } from '../job-kind.ts'
import type { CrawlBatch, CrawlCheckpoint } from './crawl-batch.ts'
import type { CrawlArgs } from './host-run.ts'
import { readStarts } from './input.ts'
import { linkTarget } from './known-pages.ts'

const startsAtOnce = 1_000

/** The first shard of a crawl: puts its starts into the frontier and spawns a shard for each host. */
export async function* seedCrawl({
  input,
  checkpoint,
  io,
  care,
}: CrawlArgs): AsyncGenerator<Step<CrawlBatch, CrawlCheckpoint>, RunEnd> {
  const { domains = [], startUrls = [] } = input
  const all = domains.length + startUrls.length
  let seeded = checkpoint?.of === 'seeds' ? checkpoint.seeded : 0
  while (seeded < all) {
    const from = seeded
    seeded = Math.min(all, from + (care === 'normal' ? startsAtOnce : 1))
    const pages = new Map<string, PageChange>()
    const findings: Finding[] = []
    for (const { start } of readStarts(input, io.settings, from, seeded)) {
      // The job was checked when it was started; the operator may have taken a host off the list since.
      if (!start.ok) findings.push({ category: 'blocked', message: start.message })
      else {
        const target = linkTarget(start.url, input.scope)
        pages.set(target.key, { ...target, parentUrl: null, depth: 0, hops: 0, priority: priorities.start })
      }
    }
    const batch = { pages: [...pages.values()], links: [], sitemaps: [], sightings: [], grants: [] }
    const spawn = [...new Set([...pages.values()].map(({ shard }) => shard))]
    yield {
      batch,
      checkpoint: { of: 'seeds', seeded },
      findings,
      spawn,
      phase: 'seeding',
      ...(seeded === all && { end: { end: 'done' } as const }),
    }
  }
  return { end: 'done' }
}
