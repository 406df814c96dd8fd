import type { QueuedPage } from '../../db/pages.ts'
import type { QueuedSitemap } from '../../db/sitemaps.ts'
import { canonicalUrl } from '../engines/crawl/canonical-url.ts'
import { priorities } from '../engines/crawl/priority.ts'
import { domainOf, shardOf } from '../engines/crawl/scope.ts'
import { urlKey } from '../engines/crawl/url-key.ts'
import type { HostRun } from './host-run.ts'
import { knownRobots } from './known-robots.ts'

/** So many files, and one more for each hundred pages of the cap, are read of a host at most. */
const freeFiles = 10
const mostFiles = 1_000

/** The sitemap that is read before the page that would be next: starts come first. `listed`: those of the host are in the step, to be stored. */
export async function sitemapsTurn(
  run: HostRun,
  first: QueuedPage | undefined,
): Promise<QueuedSitemap | 'listed' | undefined> {
  const { io, jobId, shard } = run.args
  if (first?.priority === priorities.start || run.state.givenUp !== undefined) return undefined
  if (isToList(run)) {
    await listSitemaps(run)
    return 'listed'
  }
  if (!run.sitemaps) return undefined
  const next = await io.nextSitemap(jobId, shard)
  run.sitemaps = next !== undefined
  return next
}

/** The sitemaps of the host have not been looked for, and are wanted. */
export function isToList({ state, args: { input } }: HostRun): boolean {
  return input.sitemap !== 'skip' && input.maxDepth !== 0 && state.home !== undefined && state.sitemaps === undefined
}

async function listSitemaps(run: HostRun): Promise<void> {
  const home = run.state.home!
  run.state.sitemaps = { files: 0, ordinary: 0, better: 0 }
  run.step.touched = true
  const robots = await knownRobots(run, home)
  const named = robots?.got === 'rules' ? robots.rules.sitemaps : []
  const domain = domainOf(home, run.args.input.scope)
  const from = { url: `${home}/robots.txt`, domain, level: 0 }
  for (const url of named) addSitemap(run, from, url, true)
  if (named.length === 0) addSitemap(run, from, '/sitemap.xml', false)
}

/** Puts a sitemap into the step, for whatever host, unless there are too many. */
export function addSitemap(
  run: HostRun,
  from: { url: string; domain: string; level: number },
  url: string,
  named: boolean,
  hops = 0,
): void {
  const { step, state, args } = run
  const sitemaps = (state.sitemaps ??= { files: 0, ordinary: 0, better: 0 })
  const most = Math.min(freeFiles + Math.ceil(args.input.maxPagesPerDomain / 100), mostFiles)
  const target = canonicalUrl(url, from.url)
  if (!target.ok || sitemaps.files > most) return
  if (++sitemaps.files > most) {
    const message = `more than ${most} sitemaps; the others are left alone`
    step.findings.push({ category: 'too_large', message, url: from.url })
    return
  }
  const shard = shardOf(target.url)
  const { domain, level } = from
  step.sitemaps.push({ key: urlKey(target.url), url: target.url, shard, domain, named, level, hops, status: 'QUEUED' })
  if (shard === args.shard) run.sitemaps = true
  else step.spawn.add(shard)
}
