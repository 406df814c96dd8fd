export interface Pace {
  /** What the operator and the job ask for. */
  minDelayMs: number
  crawlDelaySeconds: number | undefined
  /** Smoothed; undefined before the first answer. */
  latencyMs: number | undefined
  /** What it has made us add by asking for fewer requests. */
  slowedMs?: number
}

/** A Crawl-delay beyond this would stop a crawl in all but name. */
const longestCrawlDelayMs = 300_000
/** Answers quicker than this are no sign of load. */
const unloadedLatencyMs = 250
const longestAdaptiveDelayMs = 30_000
/** What is left of a slowing down when it does not count any more. */
const forgottenMs = 50

/**
 * Milliseconds from the end of one request to a host to the start of the next: the greatest of our minimum, its Crawl-delay (up to 5 minutes), and, where
 * it answers slowly, the time that it takes for an answer, so that we keep it busy half of the time at most; and what it has slowed us down by.
 */
export function delayMs({ minDelayMs, crawlDelaySeconds = 0, latencyMs = 0, slowedMs = 0 }: Pace): number {
  const asked = Math.min(crawlDelaySeconds * 1_000, longestCrawlDelayMs)
  const adaptive = latencyMs > unloadedLatencyMs ? Math.min(latencyMs, longestAdaptiveDelayMs) : 0
  return Math.ceil(Math.max(minDelayMs, asked, adaptive, 0) + slowedMs)
}

/** Mean over the last few answers, the newest counting a third. */
export function smoothedLatencyMs(before: number | undefined, latestMs: number): number {
  return before === undefined ? latestMs : Math.round(before + (latestMs - before) / 3)
}

/** After a 429 or 503 the pause doubles, from a second to half a minute more; each answer that is none takes a tenth of it back. */
export function slowedMs(before: number, throttled: boolean): number {
  if (throttled) return Math.min(Math.max(2 * before, 1_000), longestAdaptiveDelayMs)
  const less = Math.floor(before * 0.9)
  return less < forgottenMs ? 0 : less
}

const firstBackoffMs = 5_000
const longestBackoffMs = 600_000

/**
 * How long a host that answered 429 or 503 is left alone: as long as it said, else 5 s, 10 s, 20 s, … up to 10 minutes, by how often it has done so in a row
 * (from 1). `random` in [0, 1) adds to it, so that many shards do not come back at once.
 */
export function backoffMs(timesInRow: number, saidMs: number | undefined, random: number): number {
  if (saidMs !== undefined) return Math.round(saidMs + random * 500)
  const most = Math.min(firstBackoffMs * 2 ** Math.min(timesInRow - 1, 20), longestBackoffMs)
  return Math.round(most * (1 + random / 4))
}
