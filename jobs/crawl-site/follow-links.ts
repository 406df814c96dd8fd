import type { QueuedPage } from '../../db/pages.ts'
import type { Frontier } from '../engines/crawl/frontier.ts'
import { isEndless, trapIn } from '../engines/crawl/traps.ts'
import { urlFilter } from '../engines/crawl/url-pattern.ts'
import type { ExtractedPage } from '../engines/page/extract-page.ts'
import { type CrawlStep, isLesserWay, putPage } from './crawl-step.ts'
import type { CrawlInput } from './input.ts'
import { createLinkReader, type KnownPages, type Lead, type LinkReader } from './known-pages.ts'
import { ownText } from './own-text.ts'

/** Redirects, canonical links and refreshes in a row. */
export const mostHops = 5
/** What a page has beyond is left alone: nobody wrote it for people. */
const mostLinks = 5_000

export interface LinkFollower {
  links: LinkReader
  /** True where links to the URL are followed. */
  wanted(url: string): boolean
  /** All pages of the domain that a page links to, and where it has moved. */
  leadsOf(from: QueuedPage, page: ExtractedPage): Lead[]
  /** Those of them that this job follows. */
  wantedOf(from: QueuedPage, leads: readonly Lead[]): Lead[]
  /**
   * Puts the pages behind the leads into the step, and those of this shard into the frontier, unless they are known with a way that is no worse. True when a
   * page of this shard that is done with turned out to be nearer than thought, so that its own links must be followed again.
   */
  follow(step: CrawlStep, frontier: Frontier<QueuedPage>, from: QueuedPage, leads: readonly Lead[]): Promise<boolean>
}

export interface FollowerOptions {
  shard: string
  input: CrawlInput
  known: KnownPages
  today: Date
}

export function createLinkFollower({ shard, input, known, today }: FollowerOptions): LinkFollower {
  const links = createLinkReader(input.scope)
  const wanted = urlFilter({ include: input.include ?? [], exclude: input.exclude ?? [] })
  const deepest = input.maxDepth ?? Infinity

  const isOfUse = (lead: Lead, offer: Offer) => {
    const before = known.get(lead.key)
    return before === undefined || isLesserWay(offer, before) || lead.priority < before.priority
  }

  const take = (step: CrawlStep, frontier: Frontier<QueuedPage>, lead: Lead, offer: Offer): boolean => {
    const { key, url, domain, shard: of } = lead
    const before = known.get(key)
    const way = before && !isLesserWay(offer, before) ? before : offer
    const priority = Math.min(lead.priority, before?.priority ?? lead.priority)
    const queued = of === shard && (before?.queued ?? true)
    const { parentUrl, depth, hops } = way
    known.set(key, { parentUrl, depth, hops, priority, queued })
    const page: QueuedPage = { key, url, domain, parentUrl, depth, hops, priority }
    putPage(step, { ...page, shard: of })
    if (of !== shard) step.spawn.add(of)
    else if (queued) frontier.put(page)
    else return before !== undefined && (depth < before.depth || hops < before.hops)
    return false
  }

  return {
    links,
    wanted,
    leadsOf(from, { links: found, canonical, metaRefresh }) {
      const leads: Lead[] = []
      for (const { url, nofollow, text } of found.slice(0, mostLinks)) {
        const lead = nofollow ? undefined : links.lead(url, text)
        if (lead && lead.domain === from.domain) leads.push(lead)
      }
      for (const url of [canonical, metaRefresh?.url]) {
        const target = url === undefined ? undefined : links.read(url)
        // As behind a redirect: a start says which site is meant, wherever it has moved.
        const moved = url === metaRefresh?.url && from.depth === 0
        if (target && (target.domain === from.domain || moved)) leads.push({ ...target, clicks: 0 })
      }
      return leads
    },
    wantedOf(from, leads) {
      const alone = input.sitemap === 'only'
      return leads.filter(
        ({ url, domain, clicks }) =>
          wanted(url) && (clicks === 0 || !alone) && (domain === from.domain || (clicks === 0 && from.depth === 0)),
      )
    },
    async follow(step, frontier, from, leads) {
      const offers: [Lead, Offer][] = []
      const byClicks = [offerOf(from, 0), offerOf(from, 1)] as const
      for (const lead of leads) {
        const offer = byClicks[lead.clicks]
        if (lead.key === from.key || offer.depth > deepest || offer.hops > mostHops || !isOfUse(lead, offer)) continue
        const trap = lead.clicks === 1 ? trapIn(lead.url, offer.depth, today) : undefined
        if (trap && isEndless(trap)) step.endless ??= { on: from.url, link: lead.url, trap }
        if (trap) continue
        offers.push([lead, offer])
      }
      await known.resolve(offers.filter(([lead]) => lead.shard === shard).map(([lead]) => lead.key))
      let nearer = false
      for (const [lead, offer] of offers) if (isOfUse(lead, offer)) nearer = take(step, frontier, lead, offer) || nearer
      return nearer
    },
  }
}

interface Offer {
  parentUrl: string
  depth: number
  hops: number
}

function offerOf(from: QueuedPage, clicks: 0 | 1): Offer {
  return { parentUrl: from.url, depth: from.depth + clicks, hops: clicks === 1 ? 0 : from.hops + 1 }
}

/** As `page_links` keeps them: a line each, without the origin where it is that of the page. */
export function leadsText(from: string, leads: readonly Lead[]): string {
  const origin = originOf(from)
  // Put together at once, not piece by piece: they are kept until the step is stored.
  return leads
    .map(({ clicks, priority, url }) => {
      const place = url.startsWith(origin) && url[origin.length] === '/' ? url.slice(origin.length) : url
      return `${clicks} ${priority} ${place}`
    })
    .join('\n')
}

export function parseLeads(from: string, text: string, links: LinkReader): Lead[] {
  const origin = originOf(from)
  const leads: Lead[] = []
  for (const line of text.split('\n')) {
    const [clicks, priority, url = ''] = line.split(' ', 3)
    const target = links.read(url.startsWith('/') ? origin + url : ownText(url))
    if (target) leads.push({ ...target, priority: Number(priority), clicks: clicks === '0' ? 0 : 1 })
  }
  return leads
}

/** Of a canonical URL. */
function originOf(url: string): string {
  return url.slice(0, url.indexOf('/', url.indexOf('//') + 2))
}

/** What is behind a redirect, of whatever domain. */
export function redirectLead(from: QueuedPage, to: string, links: LinkReader): Lead | undefined {
  const target = links.read(to)
  return target && { ...target, priority: Math.min(from.priority, target.priority), clicks: 0 }
}
