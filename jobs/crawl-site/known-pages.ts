import type { KnownPage } from '../../db/pages.ts'
import { canonicalUrl } from '../engines/crawl/canonical-url.ts'
import { priorityOf, priorityOfText } from '../engines/crawl/priority.ts'
import { type CrawlScope, domainOf, shardOf } from '../engines/crawl/scope.ts'
import { urlKey } from '../engines/crawl/url-key.ts'
import type { Way } from './crawl-step.ts'

/** A page as this run knows it. */
export interface Known extends Way {
  priority: number
  /** Still to be fetched; of other shards' pages that is not known, and false. */
  queued: boolean
}

export interface KnownPages {
  get(key: string): Known | undefined
  set(key: string, page: Known): void
  /** Asks the database about those of the keys that are not known yet. Those that stay unknown the job has not met. */
  resolve(keys: readonly string[]): Promise<void>
  /** Between steps, when all is stored: keeps the memory of a long crawl bounded. */
  trim(): void
}

const mostKnown = 20_000
/** Of the words of a link, where they are of use. */
const longestText = 60

export function createKnownPages(find: (keys: readonly string[]) => Promise<KnownPage[]>): KnownPages {
  const known = new Map<string, Known>()
  return {
    get: (key) => known.get(key),
    set: (key, page) => void known.set(key, page),
    async resolve(keys) {
      for (const { key, parentUrl, depth, hops, priority, queued } of await find(
        keys.filter((key) => !known.has(key)),
      )) {
        known.set(key, { parentUrl, depth, hops, priority, queued })
      }
    },
    trim() {
      if (known.size > mostKnown) known.clear()
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
  /** Undefined for what cannot be crawled. */
  read(url: string): LinkTarget | undefined
  /** A link with its words, by which the priority is too. */
  lead(url: string, text: string): Lead | undefined
}

export function createLinkReader(scope: CrawlScope): LinkReader {
  const targets = new Map<string, Lead | undefined>()
  const texts = new Map<string, number>()
  const read = (url: string): Lead | undefined =>
    remembered(targets, url, (): Lead | undefined => {
      const canonical = canonicalUrl(url)
      return canonical.ok ? { ...linkTarget(canonical.url, scope), clicks: 1 } : undefined
    })
  return {
    read,
    lead(url, text) {
      const lead = read(url)
      if (!lead || text === '' || text.length > longestText) return lead
      const priority = remembered(texts, text, () => priorityOfText(text))
      // An archive of contact pages is still an archive, but a link may know better than an ordinary path.
      return priority < lead.priority ? { ...lead, priority } : lead
    },
  }
}

/** Of a canonical URL. */
export function linkTarget(url: string, scope: CrawlScope): LinkTarget {
  return { url, key: urlKey(url), shard: shardOf(url), domain: domainOf(url, scope), priority: priorityOf(url) }
}

function remembered<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const before = values.get(key)
  if (before !== undefined || values.has(key)) return before as Value
  if (values.size >= mostKnown) values.clear()
  const value = make()
  // What was cut out of a page would keep all of it in memory.
  values.set(Buffer.from(key).toString(), value)
  return value
}
