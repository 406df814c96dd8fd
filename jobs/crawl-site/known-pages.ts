import type { KnownPage } from '../../db/pages.ts'
import { canonicalUrl } from '../engines/crawl/canonical-url.ts'
import { priorityOf, priorityOfText } from '../engines/crawl/priority.ts'
import { type CrawlScope, domainOf, shardOf } from '../engines/crawl/scope.ts'
import { urlKey } from '../engines/crawl/url-key.ts'
import type { Way } from './crawl-step.ts'
import { ownText } from './own-text.ts'

/** A page as this run knows it. */
export interface Known extends Way {
  priority: number
  /** Still to be fetched; of other shards' pages that is not known, and false. */
  queued: boolean
}

export interface KnownPages {
  get(key: string): Known | undefined
  set(key: string, page: Known): void
  /** Of pages of the own shard: asks the database about those that are not known yet. Those that stay unknown the job has not met. */
  resolve(keys: readonly string[]): Promise<void>
  /** Between steps, when all is stored: keeps the memory of a long crawl bounded. */
  trim(): void
}

const mostKnown = 20_000
/** After so many questions all pages of the shard are asked for at once, unless they are too many: most pages lead to some that are new. */
const questionsBeforeAll = 8
/** Of the words of a link, where they are of use. */
const longestText = 60

export interface FindKnown {
  find(keys: readonly string[]): Promise<KnownPage[]>
  /** All pages of the shard that are stored; undefined where they are more than `most`. */
  all(most: number): Promise<KnownPage[] | undefined>
}

export function createKnownPages({ find, all }: FindKnown): KnownPages {
  const known = new Map<string, Known>()
  let questions = 0
  // Other shards may still store new pages of this one. To be met anew by this one does them no harm: nobody else fetches them, and the lesser way is kept.
  let complete = false
  const learn = (pages: readonly KnownPage[]) => {
    for (const { key, parentUrl, depth, hops, priority, queued } of pages)
      // What is here may be newer than what is stored.
      if (!known.has(key)) known.set(key, { parentUrl, depth, hops, priority, queued })
  }
  return {
    get: (key) => known.get(key),
    set: (key, page) => void known.set(key, page),
    async resolve(keys) {
      const unknown = complete ? [] : keys.filter((key) => !known.has(key))
      if (unknown.length === 0) return
      const stored = ++questions === questionsBeforeAll ? await all(mostKnown) : undefined
      if (stored) complete = true
      learn(stored ?? (await find(unknown)))
    },
    trim() {
      if (known.size <= mostKnown) return
      known.clear()
      complete = false
    },
  }
}

export interface LinkTarget {
  url: string
  key: string
  shard: string
  domain: string
  /** By its URL. */
  priority: number
}

/** Where a page leads. */
export interface Lead extends LinkTarget {
  /** 0: the page is only another place of the same, as behind a redirect. */
  clicks: 0 | 1
}

/** Most links of a site are met again and again: the work on each spelling is done once. */
export interface LinkReader {
  /** Undefined for what cannot be crawled. The URL is kept: it must be no piece of a longer text. */
  read(url: string): LinkTarget | undefined
  /** A link with its words, by which the priority is too. */
  lead(url: string, text: string): Lead | undefined
}

export function createLinkReader(scope: CrawlScope): LinkReader {
  const targets = new Map<string, Target>()
  const targetOf = (url: string): Target => {
    const before = targets.get(url)
    if (before) return before
    if (targets.size >= mostKnown) targets.clear()
    const canonical = canonicalUrl(url)
    // Mostly it is canonical already: one text for both is found sooner, and takes half of the memory.
    const same = canonical.ok && canonical.url === url ? url : undefined
    const target: Target = canonical.ok ? { lead: { ...linkTarget(same ?? canonical.url, scope), clicks: 1 } } : {}
    targets.set(url, target)
    return target
  }
  return {
    read: (url) => targetOf(url).lead,
    lead(url, text) {
      const target = targetOf(url)
      const { lead } = target
      if (!lead || text === '' || text.length > longestText) return lead
      // A place is nearly always linked to with the same words.
      if (target.said?.text !== text) {
        const priority = priorityOfText(text)
        // An archive of contact pages is still an archive, but a link may know better than an ordinary path.
        target.said = { text: ownText(text), lead: priority < lead.priority ? { ...lead, priority } : lead }
      }
      return target.said.lead
    },
  }
}

/** What a spelling of a URL leads to; nowhere where there is no lead. */
interface Target {
  lead?: Lead
  /** With the words of the link that came last. */
  said?: { text: string; lead: Lead }
}

/** Of a canonical URL. */
export function linkTarget(url: string, scope: CrawlScope): LinkTarget {
  return { url, key: urlKey(url), shard: shardOf(url), domain: domainOf(url, scope), priority: priorityOf(url) }
}
