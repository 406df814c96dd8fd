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

/** Most links of a site are met again and again: the work on each spelling is done once. */
export interface LinkReader {
  /** Undefined for what cannot be crawled. With the text of a link, the priority is by that too. */
  read(url: string, text?: string): LinkTarget | undefined
}

export function createLinkReader(scope: CrawlScope): LinkReader {
  const targets = new Map<string, LinkTarget | undefined>()
  const texts = new Map<string, number>()
  return {
    read(url, text) {
      const target = remembered(targets, url, () => {
        const canonical = canonicalUrl(url)
        return canonical.ok ? linkTarget(canonical.url, scope) : undefined
      })
      if (!target || !text || text.length > longestText) return target
      const priority = remembered(texts, text, () => priorityOfText(text))
      // An archive of contact pages is still an archive, but a link may know better than an ordinary path.
      return priority < target.priority ? { ...target, priority } : target
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
  values.set(key, value)
  return value
}
