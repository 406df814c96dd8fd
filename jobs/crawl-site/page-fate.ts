import type { PageFate, QueuedPage } from '../../db/pages.ts'
import { settlePage } from './crawl-step.ts'
import type { HostRun } from './host-run.ts'

/** Gives a page its fate without cost, as where robots.txt forbids it. `expanded`: from where its links were followed. */
export function endPage(
  run: HostRun,
  page: QueuedPage,
  fate: PageFate,
  expanded?: { depth: number; hops: number },
): void {
  settlePage(run.step, run.args.shard, page, fate, expanded)
  run.known.set(page.key, { ...page, queued: false })
}

/** The same at the cost of one page of the domain's cap. */
export function spendPage(
  run: HostRun,
  page: QueuedPage,
  fate: PageFate,
  expanded?: { depth: number; hops: number },
): void {
  run.step.used++
  run.allowance--
  endPage(run, page, fate, expanded)
}

/** For when the page turns out to be nearer than it seems now, which a start page cannot, and for later crawls where its server tells of a version. */
export function keepLeads({ step }: HostRun, page: QueuedPage, links: string, hasVersion = false): void {
  if (links === '' || (!hasVersion && page.depth === 0 && page.hops === 0)) return
  step.links.push({ key: page.key, links })
  step.linksBytes += links.length
}
