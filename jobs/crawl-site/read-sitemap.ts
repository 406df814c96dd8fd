import type { SitemapChange, QueuedSitemap } from '../../db/sitemaps.ts'
import { backoffMs } from '../engines/crawl/politeness.ts'
import { priorities } from '../engines/crawl/priority.ts'
import { domainOf } from '../engines/crawl/scope.ts'
import { createSitemapReader, NoSitemap, type SitemapEntry } from '../engines/crawl/sitemap.ts'
import { retryAfterMs } from '../engines/http/retry-after.ts'
import type { Finding } from '../job-kind.ts'
import { OutgoingError } from '../outgoing-error.ts'
import { isRedirect, type OpenResponse } from '../outgoing.ts'
import { unpackedFile } from '../response-body.ts'
import { type Fault, faultOf } from './fetch-page.ts'
import { mostHops } from './follow-links.ts'
import type { HeldHost } from './held-host.ts'
import type { HostRun } from './host-run.ts'
import type { Lead } from './known-pages.ts'
import { addSitemap } from './list-sitemaps.ts'
import { ownText } from './own-text.ts'
import { untilStopped } from './until-stopped.ts'

/** https://www.sitemaps.org/protocol.html: so much, packed or not, and so many in one file */
const mostBytes = 52_428_800
const mostEntries = 50_000
const timeoutMs = 300_000
/** An index has no business in an index, but some sites do it. */
const deepest = 3
const entriesAtOnce = 500
const mostFailures = 3
const retryPauseMs = 3_000
const longestRetryAfterMs = 3_600_000

/**
 * Reads one sitemap of the host as a stream. Each time that it yields, there is a step's worth in hand, with how far it has come: after a crash the file is
 * asked for again and read on from there.
 */
export async function* readSitemap(run: HostRun, held: HeldHost, sitemap: QueuedSitemap): AsyncGenerator<void> {
  const { io, wait } = run.args
  const waitMs = held.waitMs()
  if (waitMs > 0) await wait(Math.ceil(waitMs))
  if (held.signal.aborted || held.waitMs() > 0) return
  const options = { signal: held.signal, maxBytes: mostBytes, timeoutMs, wants: isOk }
  let response: OpenResponse | undefined
  try {
    response = await untilStopped(held, io.open(sitemap.url, options))
    if (!response) return
    if (isOk(response)) yield* readEntries(run, held, sitemap, response)
    else settleAnswer(run, held, sitemap, response)
  } catch (error) {
    if (held.signal.aborted) return
    settleError(run, held, sitemap, error)
  } finally {
    response?.end()
    held.asked()
  }
}

async function* readEntries(
  run: HostRun,
  held: HeldHost,
  sitemap: QueuedSitemap,
  response: OpenResponse,
): AsyncGenerator<void> {
  const { state, known } = run
  const sitemaps = (state.sitemaps ??= { files: 0, ordinary: 0, better: 0 })
  const before = sitemaps.reading?.key === sitemap.key ? sitemaps.reading.entries : 0
  const reading = (sitemaps.reading = { key: sitemap.key, entries: before })
  const reader = createSitemapReader()
  let decoder: TextDecoder | undefined
  let seen = 0
  let waiting: SitemapEntry[] = []
  const take = async () => {
    const entries = waiting
    waiting = []
    await takeEntries(run, sitemap, entries)
    reading.entries += entries.length
    run.step.touched = true
  }
  try {
    for await (const piece of unpackedFile(response.pieces, mostBytes)) {
      decoder ??= new TextDecoder(piece[0] === 0xfe ? 'utf-16be' : piece[0] === 0xff ? 'utf-16le' : 'utf-8')
      for (const entry of reader.write(decoder.decode(piece, { stream: true })))
        if (++seen > before && seen <= mostEntries) waiting.push(entry)
      if (held.signal.aborted) return
      if (seen > mostEntries) break
      if (waiting.length < entriesAtOnce) continue
      await take()
      if (run.step.pages.size < entriesAtOnce) continue
      yield
      known.trim()
    }
    waiting.push(...reader.end().slice(Math.max(0, before - seen)))
  } finally {
    // What has come is kept, whatever comes then.
    if (!held.signal.aborted) await take()
  }
  const message = `it lists more than ${mostEntries} addresses; what is behind is left alone`
  endSitemap(run, sitemap, 'READ', seen > mostEntries ? { category: 'too_large', message } : undefined)
  const counts = { listed: reading.entries, ordinary: sitemaps.ordinary, better: sitemaps.better }
  run.step.notes.push({ message: 'sitemap read', url: sitemap.url, counts })
}

/** What it lists is met as by a link from a start page, and only where it could be of use under the cap of the domain. */
async function takeEntries(run: HostRun, sitemap: QueuedSitemap, entries: readonly SitemapEntry[]): Promise<void> {
  const { follower, step, frontier, state, args } = run
  const sitemaps = state.sitemaps!
  const mostOrdinary = 2 * args.input.maxPagesPerDomain
  const leads: Lead[] = []
  for (const { of, url } of entries) {
    if (of === 'sitemap') {
      if (sitemap.level < deepest && isOfSite(run, sitemap, url)) {
        addSitemap(run, { ...sitemap, level: sitemap.level + 1 }, url, true)
      }
      continue
    }
    const absolute = URL.canParse(url) ? url : URL.parse(url, sitemap.url)?.href
    const target = absolute === undefined ? undefined : follower.links.read(ownText(absolute))
    if (!target || target.domain !== sitemap.domain || !follower.wanted(target.url)) continue
    const better = target.priority < priorities.ordinary
    const counted = better ? 'better' : 'ordinary'
    if (sitemaps[counted] >= mostOrdinary) continue
    sitemaps[counted]++
    leads.push({ ...target, priority: Math.max(target.priority, better ? 0 : priorities.listed), clicks: 1 })
  }
  const from = { ...sitemap, parentUrl: null, depth: 0, hops: 0, priority: priorities.listed }
  run.nearer = (await follower.follow(step, frontier, from, leads)) || run.nearer
}

/** Files of an index lie beside it or on the site: what is elsewhere was not named by its host. */
function isOfSite({ args: { input } }: HostRun, sitemap: QueuedSitemap, url: string): boolean {
  const parsed = URL.parse(url, sitemap.url)
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return false
  return parsed.host === new URL(sitemap.url).host || domainOf(parsed.href, input.scope) === sitemap.domain
}

function settleAnswer(run: HostRun, held: HeldHost, sitemap: QueuedSitemap, response: OpenResponse): void {
  const { status, headers } = response
  const { named } = sitemap
  if (isRedirect(response)) {
    const end = (finding?: Omit<Finding, 'url'>) => endSitemap(run, sitemap, 'READ', named ? finding : undefined)
    if (sitemap.hops >= mostHops)
      return end({ category: 'network', message: `more than ${mostHops} redirects in a row` })
    end()
    return addSitemap(run, sitemap, headers['location']!, named, sitemap.hops + 1)
  }
  if (status === 429 || status === 503) {
    held.throttled()
    const asked = retryAfterMs(headers['retry-after'], run.args.io.now())
    return settleSitemapFault(run, held, sitemap, { got: 'throttled', httpStatus: status, retryAfterMs: asked })
  }
  const message = `the host answered ${status}`
  const category = status >= 500 ? 'http_5xx' : 'http_4xx'
  return settleSitemapFault(run, held, sitemap, {
    got: 'fault',
    category,
    message,
    httpStatus: status,
    passing: status >= 500,
    wholeHost: false,
  })
}

function settleError(run: HostRun, held: HeldHost, sitemap: QueuedSitemap, error: unknown): void {
  if (error instanceof OutgoingError) return settleSitemapFault(run, held, sitemap, faultOf(error))
  if (!(error instanceof NoSitemap)) throw error
  return endSitemap(
    run,
    sitemap,
    'READ',
    sitemap.named ? { category: 'parse', message: `no sitemap: ${error.message}` } : undefined,
  )
}

type SitemapFault =
  | (Fault & { httpStatus?: number })
  | { got: 'throttled'; httpStatus: number; retryAfterMs: number | undefined }

/** It, or the robots.txt before it, could not be had: after a pause it is tried again. A guess that is not there is nobody's trouble. */
export function settleSitemapFault(run: HostRun, held: HeldHost, sitemap: QueuedSitemap, fault: SitemapFault): void {
  const { state, step, args } = run
  const failures = (state.retry?.key === sitemap.key ? state.retry.failures : 0) + 1
  const throttled = fault.got === 'throttled'
  const unwelcome = throttled && (fault.retryAfterMs ?? 0) > longestRetryAfterMs
  if ((throttled || fault.passing) && !unwelcome && failures < mostFailures) {
    state.retry = { key: sitemap.key, failures }
    step.touched = true
    held.rest(throttled ? backoffMs(failures, fault.retryAfterMs, args.io.random()) : retryPauseMs)
    return
  }
  const { httpStatus } = fault
  const told = throttled
    ? {
        category: httpStatus === 429 ? ('rate_limited' as const) : ('http_5xx' as const),
        message: `the host answered ${httpStatus}`,
      }
    : { category: fault.category, message: fault.message }
  const missing = httpStatus !== undefined && httpStatus < 500 && httpStatus !== 429
  const silent = missing && !sitemap.named
  endSitemap(
    run,
    sitemap,
    missing ? 'READ' : 'FAILED',
    silent ? undefined : { ...told, ...(httpStatus !== undefined && { httpStatus }) },
  )
}

/** Gives a sitemap its fate, and tells of it where something was wrong. */
export function endSitemap(
  run: HostRun,
  sitemap: QueuedSitemap,
  status: Exclude<SitemapChange['status'], 'QUEUED'>,
  finding: Omit<Finding, 'url'> | undefined,
): void {
  const { state, step, args } = run
  state.retry = undefined
  if (state.sitemaps) delete state.sitemaps.reading
  step.sitemaps.push({ ...sitemap, shard: args.shard, status })
  if (finding) step.findings.push({ ...finding, message: `sitemap: ${finding.message}`, url: sitemap.url })
}

function isOk({ status }: { status: number }): boolean {
  return status >= 200 && status < 300
}
