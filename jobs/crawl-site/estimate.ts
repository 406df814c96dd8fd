import type { Estimate, Settings } from '../job-kind.ts'
import { type CrawlInput, readStarts } from './input.ts'

/** What a crawl comes to at most, and how long it takes at least: hosts go side by side, the pages of one after each other. */
export function estimateCrawl(input: CrawlInput, settings: Pick<Settings, 'minDelayMs' | 'ownHosts'>): Estimate {
  const perHost = new Map<string, number>()
  for (const { start } of readStarts(input, settings)) {
    if (!start.ok) continue
    const host = new URL(start.url).host
    perHost.set(host, (perHost.get(host) ?? 0) + 1)
  }
  const hosts = perHost.size
  const onlyStarts = input.maxDepth === 0
  const pagesOf = (starts: number) => (onlyStarts ? Math.min(starts, input.maxPagesPerDomain) : input.maxPagesPerDomain)
  const pages = [...perHost.values()].map(pagesOf)
  const items = pages.reduce((sum, count) => sum + count, 0)
  const delayMs = Math.max(settings.minDelayMs, input.minDelayMs ?? 0)
  return {
    items,
    fresh: null,
    known: null,
    paidCalls: null,
    seconds: Math.round((Math.max(0, ...pages.map((count) => count - 1)) * delayMs) / 1000),
    basis: `${hosts === 1 ? 'one host' : `${hosts} hosts side by side`}, ${delayMs === 0 ? 'no pause' : `${delayMs / 1000} s`} between two pages of a host; less where a site has fewer pages, more where it asks for a slower pace`,
  }
}
