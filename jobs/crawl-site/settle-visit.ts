import { domainToUnicode } from 'node:url'

import type { PageFate, QueuedPage } from '../../db/pages.ts'
import type { Sighting } from '../../db/sightings.ts'
import { literalAddress, specialRange } from '../engines/crawl/address-range.ts'
import { hostList, portOf } from '../engines/crawl/host-list.ts'
import { backoffMs, smoothedLatencyMs } from '../engines/crawl/politeness.ts'
import { priorities } from '../engines/crawl/priority.ts'
import { readDomain } from '../engines/crawl/scope.ts'
import type { FoundEmail } from '../engines/page/found-email.ts'
import { putPage, settlePage } from './crawl-step.ts'
import type { Fault, Visit } from './fetch-page.ts'
import { leadsText, mostHops, redirectLead } from './follow-links.ts'
import type { HeldHost } from './held-host.ts'
import type { HostRun } from './host-run.ts'
import { linkTarget } from './known-pages.ts'

/** `again`: the page stays at the head of the frontier, for after a pause. */
export type Settled = 'settled' | 'again'

const mostFailures = 3
const retryPausesMs = [500, 3_000]
const mostStrikesOfPage = 5
/** In a row; then no page of the host will go better. */
const mostStrikes = 8
const mostFaults = 5
/** A host that says "not before tomorrow" does not want this crawl. */
const longestRetryAfterMs = 3_600_000
/** So many redirects, beyond the cap itself, are free; a site that has nothing else is not crawled for ever. */
const freeRedirects = 20

/** Gives the page its fate by what came of the request for it, and follows its links. The page has been taken from the frontier. */
export async function settleVisit(run: HostRun, held: HeldHost, page: QueuedPage, visit: Visit): Promise<Settled> {
  if (visit.got === 'fault') return settleFault(run, held, page, visit, visit)
  if (visit.got === 'throttled') return settleThrottled(run, held, page, visit)
  const { state } = run
  state.strikes = 0
  state.faults = 0
  state.retry = undefined
  state.latencyMs = smoothedLatencyMs(state.latencyMs, visit.fetchMs)
  const { httpStatus, fetchMs } = visit
  switch (visit.got) {
    case 'redirect':
      await settleRedirect(run, page, visit.to, { httpStatus, fetchMs })
      break
    case 'no text':
      settle(run, page, { status: 'SKIPPED', httpStatus, fetchMs, message: visit.message, emailCount: 0 })
      break
    case 'page':
      await settlePageRead(run, page, visit)
      break
  }
  return 'settled'
}

/** A page, or the robots.txt that stands before it, could not be had. */
export async function settleFault(
  run: HostRun,
  held: HeldHost,
  page: QueuedPage,
  { category, message, details, passing, wholeHost }: Fault,
  { httpStatus, fetchMs }: { httpStatus?: number; fetchMs?: number } = {},
): Promise<Settled> {
  const { state, step } = run
  const plainHttp = httpFallback(run, page, { category, details })
  const failures = failuresOf(run, page)
  // Where the page before could not be had either, patience has been shown already.
  const most = state.faults > 0 ? 1 : mostFailures
  if (passing && failures < most && !(plainHttp && details?.['code'] === 'ECONNREFUSED')) {
    return tryAgain(run, held, page, failures, retryPausesMs[failures - 1]!)
  }
  state.retry = undefined
  const noAnswer = httpStatus === undefined
  state.faults = noAnswer ? state.faults + 1 : 0
  if (plainHttp) {
    state.faults = 0
    settle(run, page, {
      status: 'SKIPPED',
      message: `https does not connect (${message}); http is tried`,
      details: { redirectsTo: plainHttp },
      emailCount: 0,
    })
    await start(run, plainHttp)
    return 'settled'
  }
  if (wholeHost || state.faults >= mostFaults) state.givenUp = message
  step.findings.push({ category, message, url: page.url, ...(httpStatus !== undefined && { httpStatus }) })
  settle(run, page, {
    status: 'FAILED',
    httpStatus,
    fetchMs,
    category,
    message,
    ...(details && { details }),
    emailCount: 0,
  })
  return 'settled'
}

/** The host answered 429 or 503, for the page or for robots.txt. */
export function settleThrottled(
  run: HostRun,
  held: HeldHost,
  page: QueuedPage,
  visit: Extract<Visit, { got: 'throttled' }>,
): Settled {
  const { state, step, args } = run
  state.strikes++
  const failures = failuresOf(run, page)
  const unwelcome = (visit.retryAfterMs ?? 0) > longestRetryAfterMs
  const pauseMs = backoffMs(state.strikes, unwelcome ? undefined : visit.retryAfterMs, args.io.random())
  if (!unwelcome && failures < mostStrikesOfPage && state.strikes < mostStrikes)
    return tryAgain(run, held, page, failures, pauseMs)
  state.retry = undefined
  if (unwelcome || state.strikes >= mostStrikes) state.givenUp = `${visit.message} again and again`
  if (unwelcome)
    state.givenUp = `${visit.message} and asked not to be visited for ${Math.round(visit.retryAfterMs! / 3_600_000)} hours`
  held.rest(pauseMs)
  const { httpStatus, fetchMs, category, message } = visit
  step.findings.push({ category, message, url: page.url, ...(httpStatus !== undefined && { httpStatus }) })
  settle(run, page, { status: 'FAILED', httpStatus, fetchMs, category, message, emailCount: 0 })
  return 'settled'
}

/** Sets a fate that costs a page of the cap. */
function settle(run: HostRun, page: QueuedPage, fate: PageFate): void {
  count(run)
  finish(run, page, fate)
}

/** Sets a fate that costs nothing, such as that robots.txt forbids it. */
export function finish(
  run: HostRun,
  page: QueuedPage,
  fate: PageFate,
  expanded?: { depth: number; hops: number },
): void {
  settlePage(run.step, run.args.shard, page, fate, expanded)
  run.known.set(page.key, { ...page, queued: false })
}

function count(run: HostRun): void {
  run.step.used++
  run.allowance--
}

function failuresOf({ state }: HostRun, { key }: QueuedPage): number {
  return (state.retry?.key === key ? state.retry.failures : 0) + 1
}

function tryAgain(run: HostRun, held: HeldHost, page: QueuedPage, failures: number, pauseMs: number): Settled {
  run.state.retry = { key: page.key, failures }
  run.step.touched = true
  run.frontier.put(page)
  held.rest(pauseMs)
  return 'again'
}

async function settlePageRead(run: HostRun, page: QueuedPage, visit: Extract<Visit, { got: 'page' }>): Promise<void> {
  const { step, follower, frontier, state } = run
  const found = visit.noindex ? [] : accepted(run, visit.page.emails)
  step.sightings.push(...found.map((email) => sightingOf(page, email)))
  step.counts.bytesDone += visit.bytes
  state.fetched++
  const fate: PageFate = {
    status: 'FETCHED',
    httpStatus: visit.httpStatus,
    fetchMs: visit.fetchMs,
    extractMs: visit.extractMs,
    emailCount: new Set(found.map(({ address }) => address)).size,
    ...(visit.noindex && { message: 'noindex: its addresses are left alone' }),
  }
  const leads = visit.nofollow ? [] : follower.leadsOf(page, visit.page)
  keepLeads(run, page, leadsText(leads))
  count(run)
  // Where nothing costs no click, hops do not matter to those behind.
  finish(run, page, fate, { depth: page.depth, hops: leads.some(({ clicks }) => clicks === 0) ? page.hops : 0 })
  run.nearer = (await follower.follow(step, frontier, page, leads)) || run.nearer
}

/** A start page can come no nearer. */
function keepLeads({ step }: HostRun, page: QueuedPage, links: string): void {
  if (links !== '' && (page.depth > 0 || page.hops > 0)) step.links.push({ key: page.key, links })
}

/** What the domain may still yield, the most confident first. */
function accepted(run: HostRun, emails: readonly FoundEmail[]): FoundEmail[] {
  const { addresses, args } = run
  const storable = emails.filter(
    ({ address }) => address.length <= 320 && address.isWellFormed() && !address.includes('\0'),
  )
  if (!addresses) return storable
  const most = args.input.maxEmailsPerDomain!
  const ranked = storable.toSorted((a, b) => b.confidence - a.confidence || (a.address < b.address ? -1 : 1))
  for (const { address } of ranked) if (addresses.size < most) addresses.add(address)
  return ranked.filter(({ address }) => addresses.has(address))
}

function sightingOf({ key, url }: QueuedPage, email: FoundEmail): Sighting {
  return { ...email, sourceKey: key, sourceUrl: url }
}

async function settleRedirect(
  run: HostRun,
  page: QueuedPage,
  to: string,
  head: { httpStatus: number | undefined; fetchMs: number },
): Promise<void> {
  const { step, follower, frontier, state, args } = run
  const lead = redirectLead(page, to, follower.links)
  const fail = (category: 'network' | 'blocked', message: string) => {
    step.findings.push({
      category,
      message,
      url: page.url,
      ...(head.httpStatus !== undefined && { httpStatus: head.httpStatus }),
    })
    settle(run, page, { status: 'FAILED', ...head, category, message, details: { redirectsTo: to }, emailCount: 0 })
  }
  if (!lead || lead.key === page.key) return fail('network', 'it redirects to itself')
  const range = forbiddenRange(run, to)
  if (range !== undefined)
    return fail('blocked', `it redirects to an address that is not on the public Internet (${range})`)
  if (page.hops >= mostHops) return fail('network', `more than ${mostHops} redirects in a row`)
  if (await leadsTo(run, lead.key, page.key)) return fail('network', 'it redirects in a circle')

  // A start says which site is meant, wherever it has moved; a page further in does not.
  const outside = page.depth > 0 && lead.domain !== page.domain
  const excluded = page.depth > 0 && !follower.wanted(lead.url)
  const message = outside ? 'it redirects out of scope' : excluded ? 'it redirects to what is excluded' : 'redirect'
  if (state.redirects < args.input.maxPagesPerDomain + freeRedirects) state.redirects++
  else count(run)
  step.touched = true
  const leads = outside || excluded ? [] : [lead]
  keepLeads(run, page, leadsText(leads))
  finish(
    run,
    page,
    { status: 'SKIPPED', ...head, message, details: { redirectsTo: to }, emailCount: 0 },
    { depth: page.depth, hops: page.hops },
  )
  run.nearer = (await follower.follow(step, frontier, page, leads)) || run.nearer
}

function forbiddenRange({ args: { io } }: HostRun, to: string): string | undefined {
  const url = new URL(to)
  if (hostList(io.settings.ownHosts).has(url.hostname, portOf(url))) return undefined
  const address = literalAddress(url.hostname)
  return address === undefined ? undefined : specialRange(address)
}

/** Whether the redirects from one page end at another, as far as they are known. */
async function leadsTo({ step, args: { io, jobId, input } }: HostRun, from: string, to: string): Promise<boolean> {
  let key = from
  for (let hops = 0; hops <= mostHops; hops++) {
    const fresh = step.pages.get(key)?.fate?.details?.['redirectsTo']
    const next = typeof fresh === 'string' ? fresh : (await io.known(jobId, [key]))[0]?.redirectsTo
    if (!next) return false
    key = linkTarget(next, input.scope).key
    if (key === to) return true
  }
  return false
}

/** The http URL to try where a domain was named without a scheme and its https does not connect. */
function httpFallback(
  { args }: HostRun,
  page: QueuedPage,
  { category, details }: Pick<Fault, 'category' | 'details'>,
): string | undefined {
  const secure = page.url.startsWith('https:') && page.depth === 0 && page.parentUrl === null
  const connects = category !== 'network' && category !== 'timeout' && category !== 'tls'
  if (!secure || connects || details === undefined) return undefined
  const { hostname, host, port } = new URL(page.url)
  const listed = hostList(args.io.settings.ownHosts)
  const spellings = [hostname, domainToUnicode(hostname)]
  const guessed = (args.input.domains ?? []).some((entry) => {
    const lower = entry.toLowerCase()
    if (!spellings.some((spelling) => lower.includes(spelling))) return false
    const start = readDomain(entry, listed)
    return start.ok && start.guessed && start.url === page.url
  })
  return guessed ? `http://${port === '' ? hostname : host}/` : undefined
}

async function start({ step, known, frontier, args: { input, shard } }: HostRun, url: string): Promise<void> {
  const { shard: of, ...target } = linkTarget(url, input.scope)
  await known.resolve([target.key])
  if (known.get(target.key)) return
  const page: QueuedPage = { ...target, parentUrl: null, depth: 0, hops: 0, priority: priorities.start }
  known.set(page.key, { ...page, queued: of === shard })
  putPage(step, { ...page, shard: of })
  if (of === shard) frontier.put(page)
  else step.spawn.add(of)
}
