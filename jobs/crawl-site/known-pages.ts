import type { KnownPage } from '../../db/pages.ts'
import { canonicalUrl } from '../engines/crawl/canonical-url.ts'
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

export function createKnownPages(find: (keys: readonly string[]) => Promise<KnownPage[]>): KnownPages {
  const known = new Map<string, Known>()
  return {
    get: (key) => known.get(key),
    set: (key, page) => void known.set(key, page),
    async resolve(keys) {
      for (const { key, parentUrl, depth, hops, priority, queued } of await find(keys.filter((key) => !known.has(key)))) {
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
}

/** Most links of a site are met again and again: the work on each spelling is done once. */
export interface LinkReader {
  /** Undefined for what cannot be crawled. */
  read(url: string): LinkTarget | undefined
}

export function createLinkReader(scope: CrawlScope): LinkReader {
  const read = new Map<string, LinkTarget | null>()
  return {
    read(url) {
      const before = read.get(url)
      if (before !== undefined) return before ?? undefined
      if (read.size >= mostKnown) read.clear()
      const canonical = canonicalUrl(url)
      const target = canonical.ok ? linkTarget(canonical.url, scope) : null
      read.set(url, target)
      return target ?? undefined
    },
  }
}

/** Of a canonical URL. */
export function linkTarget(url: string, scope: CrawlScope): LinkTarget {
  return { url, key: urlKey(url), shard: shardOf(url), domain: domainOf(url, scope) }
}
