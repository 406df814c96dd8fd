import { setImmediate as turn } from 'node:timers/promises'

import { hostList } from '../engines/crawl/host-list.ts'
import { TableError } from '../engines/table/table-error.ts'
import { readRows } from '../engines/table/table-rows.ts'
import type { Estimate, Outlook } from '../job-kind.ts'
import { type CrawlInput, mostStarts, readStarts } from './input.ts'
import { readSite, shapeOfStarts, startTable } from './start-table.ts'

type CrawlOutlook = Pick<Outlook, 'openUpload'> & {
  settings: Pick<Outlook['settings'], 'minDelayMs' | 'ownHosts'>
}

/** What a crawl comes to at most, and about how long it takes: hosts go side by side, the pages of one after each other. */
export async function estimateCrawl(input: CrawlInput, outlook: CrawlOutlook): Promise<Estimate> {
  const perHost = new Map<string, number>()
  const { unknown, unusable } = await countStarts(input, outlook, perHost)
  const hosts = perHost.size
  const onlyStarts = input.maxDepth === 0
  let [items, longest] = [0, 0]
  for (const starts of perHost.values()) {
    const pages = onlyStarts ? Math.min(starts, input.maxPagesPerDomain) : input.maxPagesPerDomain
    items += pages
    longest = Math.max(longest, pages)
  }
  const delayMs = Math.max(outlook.settings.minDelayMs, input.minDelayMs ?? 0)
  return {
    items: unknown === undefined ? items : null,
    fresh: null,
    known: null,
    repeated: null,
    empty: null,
    suppressed: null,
    unusable,
    paidCalls: null,
    seconds: unknown === undefined ? Math.round((Math.max(0, longest - 1) * delayMs) / 1000) : null,
    basis:
      unknown ??
      `${hosts === 1 ? 'one host' : `${hosts} hosts side by side`}, ${delayMs === 0 ? 'no pause' : `${delayMs / 1000} s`} between two pages of a host; less where a site has fewer pages, more where it asks for a slower pace`,
  }
}

/** Counts starts by host, those of a table too, and the rows of it that cannot be crawled; says why they cannot all be known, if so. */
async function countStarts(
  input: CrawlInput,
  { settings, openUpload }: CrawlOutlook,
  perHost: Map<string, number>,
): Promise<{ unknown?: string; unusable: number | null }> {
  const count = (url: string) => {
    const { host } = new URL(url)
    perHost.set(host, (perHost.get(host) ?? 0) + 1)
  }
  const typed = readStarts(input, settings)
  for (const { start } of typed) if (start.ok) count(start.url)
  if (input.table === undefined && input.upload === undefined) return { unusable: null }
  const table = await startTable(input, openUpload)
  if (table === undefined) return { unknown: 'a file that is not there', unusable: null }
  const listed = hostList(settings.ownHosts)
  let rows = typed.length
  let unusable = 0
  try {
    for await (const batch of readRows(table.open, await shapeOfStarts(table, input, settings))) {
      for (const { value } of batch.rows) {
        if (value === '') continue
        if (++rows > mostStarts) return { unknown: `more than ${mostStarts} starts`, unusable: null }
        const start = readSite(value, listed)
        if (start.ok) count(start.url)
        else unusable++
      }
      await turn()
    }
  } catch (error) {
    if (!(error instanceof TableError)) throw error
    return { unknown: `a table that cannot be read (${error.message})`, unusable: null }
  }
  return { unusable }
}
