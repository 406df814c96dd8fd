import type { QueuedPage } from '../../db/pages.ts'
import type { Frontier } from '../engines/crawl/frontier.ts'
import type { Pace } from '../engines/crawl/politeness.ts'
import type { RunArgs } from '../job-kind.ts'
import type { CrawlCheckpoint, HostState } from './crawl-batch.ts'
import { type CrawlStep, emptyStep } from './crawl-step.ts'
import { createLinkFollower, type LinkFollower } from './follow-links.ts'
import type { CrawlInput } from './input.ts'
import type { CrawlIo } from './io.ts'
import { createKnownPages, type KnownPages } from './known-pages.ts'
import type { RobotsAnswer } from './robots-of-host.ts'

export type CrawlArgs = RunArgs<CrawlInput, CrawlCheckpoint, CrawlIo>

/** What one run of a host's shard knows and has in hand. */
export interface HostRun {
  args: CrawlArgs
  /** As it is stored with the next step. */
  state: HostState
  known: KnownPages
  follower: LinkFollower
  /** By scheme, host and port. */
  robots: Map<string, RobotsAnswer>
  /** Of the pages of this shard; all have the same. */
  domain: string
  /** Pages that it may still fetch before it must ask for more. */
  allowance: number
  /** What the domain has yielded, where that is limited. */
  addresses: Set<string> | undefined
  /** Pages may have become nearer than they were when their links were followed. */
  nearer: boolean
  /** Earlier jobs have read pages of this host; undefined: not asked yet. */
  recrawl: boolean | undefined
  /** Pages that must be read whole although their server has told of a version. */
  unconditional: Set<string>
  /** Sitemaps of this host may be waiting. */
  sitemaps: boolean
  step: CrawlStep
  frontier: Frontier<QueuedPage>
}

export function openHostRun(args: CrawlArgs, frontier: Frontier<QueuedPage>): HostRun {
  const { checkpoint, io, input, jobId, shard } = args
  const known = createKnownPages({
    find: (keys) => io.known(jobId, keys),
    all: (most) => io.allKnown(jobId, shard, most),
  })
  return {
    args,
    state:
      checkpoint?.of === 'host'
        ? { ...checkpoint }
        : { of: 'host', redirects: 0, strikes: 0, faults: 0, fetched: 0, released: true },
    known,
    follower: createLinkFollower({ shard, input, known, today: io.now() }),
    robots: new Map(),
    domain: '',
    allowance: 0,
    addresses: undefined,
    // Other shards may have found shorter ways since the last run.
    nearer: true,
    recrawl: undefined,
    unconditional: new Set(),
    sitemaps: args.input.sitemap !== 'skip',
    step: emptyStep(),
    frontier,
  }
}

/** What the operator, the job and the host ask for. */
export function asksOf({ args: { io, input }, robots }: HostRun): Pick<Pace, 'minDelayMs' | 'crawlDelaySeconds'> {
  let crawlDelaySeconds: number | undefined
  for (const answer of robots.values()) {
    const asked = answer.got === 'rules' ? answer.rules.crawlDelaySeconds : undefined
    if (asked !== undefined) crawlDelaySeconds = Math.max(asked, crawlDelaySeconds ?? 0)
  }
  return { minDelayMs: Math.max(io.settings.minDelayMs, input.minDelayMs ?? 0), crawlDelaySeconds }
}

export function hasAllAddresses({ addresses, args: { input } }: HostRun): boolean {
  return addresses !== undefined && addresses.size >= input.maxEmailsPerDomain!
}
