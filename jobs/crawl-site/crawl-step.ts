import type { PageRead } from '../../db/page-reads.ts'
import type { PageChange, PageFate, PageLinks, QueuedPage } from '../../db/pages.ts'
import type { Sighting } from '../../db/sightings.ts'
import type { SitemapChange } from '../../db/sitemaps.ts'
import type { Trap } from '../engines/crawl/traps.ts'
import type { Counts, Finding, Note } from '../job-kind.ts'
import type { CrawlBatch } from './crawl-batch.ts'

/** What a run has in hand and has not yet handed over. */
export interface CrawlStep {
  pages: Map<string, PageChange>
  links: PageLinks[]
  linksBytes: number
  sitemaps: SitemapChange[]
  reads: PageRead[]
  sightings: Sighting[]
  findings: Finding[]
  notes: Note[]
  spawn: Set<string>
  counts: Required<Pick<Counts, 'succeeded' | 'failed' | 'skipped' | 'bytesDone'>>
  /** The first link that led into a space without end, and on which page. */
  endless?: { on: string; link: string; trap: Trap }
  /** The first domain such as `example.com` whose addresses were left out, and on which page. */
  placeholder?: { on: string; domain: string }
  /** Pages of the cap. */
  used: number
  /** The state has changed, so that the step must be stored even without pages. */
  touched: boolean
}

export function emptyStep(): CrawlStep {
  return {
    pages: new Map(),
    links: [],
    linksBytes: 0,
    sitemaps: [],
    reads: [],
    sightings: [],
    findings: [],
    notes: [],
    spawn: new Set(),
    counts: { succeeded: 0, failed: 0, skipped: 0, bytesDone: 0 },
    used: 0,
    touched: false,
  }
}

export function isEmpty(step: CrawlStep): boolean {
  return (
    !step.touched &&
    step.pages.size === 0 &&
    step.sitemaps.length === 0 &&
    step.findings.length === 0 &&
    step.notes.length === 0
  )
}

/** Large enough to be stored: about what a transaction takes a quarter of a second for, and a process can hold of each of its hosts. */
export function isFull(step: CrawlStep): boolean {
  return step.pages.size >= 4_000 || step.sightings.length >= 2_000 || step.linksBytes >= 4_000_000
}

/** Adds a page, or what is new about one that is in already. */
export function putPage(step: CrawlStep, page: PageChange): void {
  const before = step.pages.get(page.key)
  step.pages.set(page.key, before ? mergedPage(before, page) : page)
}

/** Gives a queued page its fate, and counts it. */
export function settlePage(
  step: CrawlStep,
  shard: string,
  page: QueuedPage,
  fate: PageFate,
  expanded?: { depth: number; hops: number },
): void {
  putPage(step, { ...page, shard, fate, ...(expanded && { expanded }) })
  step.counts[counterOf[fate.status]]++
}

const counterOf = { FETCHED: 'succeeded', FAILED: 'failed', SKIPPED: 'skipped' } as const

/** The same page as two have met it: the lesser way, and the fate that one of them knows. */
export function mergedPage(a: PageChange, b: PageChange): PageChange {
  const { parentUrl, depth, hops } = isLesserWay(b, a) ? b : a
  const fate = a.fate ?? b.fate
  // The later one was followed from nearer.
  const expanded = b.expanded ?? a.expanded
  return {
    ...a,
    parentUrl,
    depth,
    hops,
    priority: Math.min(a.priority, b.priority),
    ...(fate && { fate }),
    ...(expanded && { expanded }),
  }
}

export interface Way {
  parentUrl: string | null
  depth: number
  hops: number
}

/** The order in which Postgres compares them too: URLs are ASCII. */
export function isLesserWay(a: Way, b: Way): boolean {
  if (a.depth !== b.depth) return a.depth < b.depth
  if (a.hops !== b.hops) return a.hops < b.hops
  return (a.parentUrl ?? '') < (b.parentUrl ?? '')
}

export function batchOf(
  step: CrawlStep,
  grant: { domain: string; shard: string; release: boolean } | undefined,
  mostAddresses: number | undefined,
): CrawlBatch {
  const domain = grant?.domain ?? ''
  return {
    pages: [...step.pages.values()],
    links: step.links,
    sitemaps: step.sitemaps,
    reads: step.reads,
    sightings:
      step.sightings.length > 0
        ? [{ domain, sightings: step.sightings, ...(mostAddresses !== undefined && { mostAddresses }) }]
        : [],
    grants: grant ? [{ ...grant, used: step.used }] : [],
  }
}
