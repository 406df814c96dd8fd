import type { Transaction } from 'kysely'

import { claimAddresses, fullDomains, useGrants } from '../../db/crawl-grants.ts'
import { savePageReads } from '../../db/page-reads.ts'
import {
  type PageChange,
  removeCrawlRemains,
  savePageLinks,
  savePages,
  skipQueued,
  summarizePages,
} from '../../db/pages.ts'
import { countJobAddresses, saveSightings, type Sighting } from '../../db/sightings.ts'
import { saveSitemaps } from '../../db/sitemaps.ts'
import { regradeAddresses, spreadAddresses } from '../../db/spread-addresses.ts'
import type { DB } from '../../db/types.ts'
import { demoted, manySites } from '../engines/page/spread.ts'
import type { Counts, Note, SaveArgs } from '../job-kind.ts'
import type { CrawlBatch, DomainSightings } from './crawl-batch.ts'
import { mergedPage } from './crawl-step.ts'
import { withoutSuppressed } from './suppressed.ts'

/** Stores the steps of several hosts. Everybody locks in this order: addresses and pages of domains, pages, then what was found, each by its key. */
export async function saveCrawl(trx: Transaction<DB>, args: SaveArgs, batches: readonly CrawlBatch[]): Promise<Counts> {
  const { kept, leftOut } = await withoutSuppressed(
    trx,
    batches.flatMap((batch) => batch.sightings),
  )
  const sightings = await underCaps(trx, args.jobId, kept)
  await useGrants(
    trx,
    args.jobId,
    batches.flatMap(({ grants }) => grants),
  )
  const pages = mergedPages(batches.flatMap((batch) => batch.pages)).map((page) => withLeftOut(page, leftOut))
  const total = await savePages(trx, args.jobId, pages)
  await savePageLinks(
    trx,
    args.jobId,
    batches.flatMap(({ links }) => links),
  )
  await saveSitemaps(
    trx,
    args.jobId,
    batches.flatMap(({ sitemaps }) => sitemaps),
  )
  const results = await saveSightings(trx, args, sightings)
  await savePageReads(
    trx,
    args.jobId,
    batches.flatMap(({ reads }) => reads),
  )
  return { total, results }
}

function mergedPages(pages: readonly PageChange[]): PageChange[] {
  const merged = new Map<string, PageChange>()
  for (const page of pages) {
    const before = merged.get(page.key)
    merged.set(page.key, before ? mergedPage(before, page) : page)
  }
  return [...merged.values()]
}

/** Says of a page how many of its addresses are left out as suppressed; they do not count as found on it. */
function withLeftOut(page: PageChange, leftOut: ReadonlyMap<string, number>): PageChange {
  const suppressed = leftOut.get(page.key)
  if (suppressed === undefined || !page.fate) return page
  const { details, emailCount } = page.fate
  return {
    ...page,
    fate: { ...page.fate, details: { ...details, suppressed }, emailCount: emailCount - suppressed },
  }
}

/** Leaves out what a domain has yielded beyond its cap. */
async function underCaps(trx: Transaction<DB>, jobId: number, found: readonly DomainSightings[]): Promise<Sighting[]> {
  const capped = Map.groupBy(
    found.filter(({ mostAddresses }) => mostAddresses !== undefined),
    ({ domain }) => domain,
  )
  const kept = found.filter(({ mostAddresses }) => mostAddresses === undefined).flatMap(({ sightings }) => sightings)
  for (const domain of [...capped.keys()].sort()) {
    const sightings = capped.get(domain)!.flatMap((of) => of.sightings)
    const addresses = sightings.map(({ address }) => address)
    const accepted = await claimAddresses(trx, {
      jobId,
      domain,
      cap: capped.get(domain)![0]!.mostAddresses!,
      addresses,
    })
    for (const sighting of sightings) if (accepted.has(sighting.address)) kept.push(sighting)
  }
  return kept
}

/** Only in the end is it known on how many sites an address stands. What a retry has brought since the last end is weighed in as well. */
async function demoteSpread(trx: Transaction<DB>, jobId: number): Promise<void> {
  const spread = await spreadAddresses(trx, jobId, manySites)
  await regradeAddresses(
    trx,
    jobId,
    spread.map((address) => ({
      ...address,
      quality: null,
      reason: null,
      ...demoted(address, address.domains),
    })),
  )
}

/** What is still queued has come up against a cap. */
export async function finishCrawl(
  trx: Transaction<DB>,
  jobId: number,
): Promise<{ counts: Counts; notes: Note[]; summary: Record<string, unknown> }> {
  const full = await fullDomains(trx, jobId)
  const skipped = await skipQueued(
    trx,
    jobId,
    'page limit of the domain',
    new Map(full.map((domain) => [domain, 'address limit of the domain'])),
  )
  await removeCrawlRemains(trx, jobId)
  const { pages, fetched, hosts, suppressed } = await summarizePages(trx, jobId)
  if (hosts >= manySites) await demoteSpread(trx, jobId)
  return {
    counts: { skipped: [...skipped.values()].reduce((sum, count) => sum + count, 0) },
    notes: [
      ...(suppressed > 0 ? [noteOfSuppressed(suppressed)] : []),
      ...[...skipped].map(([reason, count]) => noteOfLimit(reason, count)),
    ],
    summary: { pages, fetched, hosts, addresses: await countJobAddresses(trx, jobId) },
  }
}

function noteOfLimit(limit: string, pages: number): Note {
  return {
    message: `${pages === 1 ? '1 page was' : `${pages.toLocaleString('en')} pages were`} not read: ${limit}`,
    counts: { pages },
  }
}

/** Never which: their owners do not want to be known here. */
function noteOfSuppressed(pages: number): Note {
  const where = pages === 1 ? '1 page has' : `${pages.toLocaleString('en')} pages have`
  return { message: `${where} addresses that are suppressed: they are left out`, counts: { pages } }
}
