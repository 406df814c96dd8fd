import type { QueuedPage } from '../../db/pages.ts'
import { createFrontier } from '../engines/crawl/frontier.ts'
import type { Care, RunEnd, Step } from '../job-kind.ts'
import type { CrawlBatch, CrawlCheckpoint } from './crawl-batch.ts'
import { batchOf, type CrawlStep, emptyStep, isEmpty, isFull, putPage } from './crawl-step.ts'
import { fetchPage } from './fetch-page.ts'
import { parseLeads } from './follow-links.ts'
import type { HeldHost } from './held-host.ts'
import { type CrawlArgs, hasAllAddresses, type HostRun, openHostRun } from './host-run.ts'
import { endPage, spendPage } from './page-fate.ts'
import { fetchRobots, type RobotsAnswer, type RobotsPlace, robotsPlace, storedRobots } from './robots-of-host.ts'
import { createSeat, type Seat } from './seat.ts'
import { settleFault, settleThrottled } from './settle-fault.ts'
import { settleVisit } from './settle-visit.ts'

type CrawlSteps = AsyncGenerator<Step<CrawlBatch, CrawlCheckpoint>, RunEnd>

const stepMs = 400
/** A pause that is longer is time enough to store what is in hand. */
const lingerMs = 50
const window = { least: 32, most: 1_000 }
const nearerAtOnce = 50

/**
 * Crawls one host: its queued pages one by one, in fetch order, each by robots.txt and at the host's pace, until none is left. The order depends on nothing but
 * the pages themselves: what a page leads to takes its place in the frontier before the next one is chosen, whether it is stored yet or not. So where a step
 * ends, or a crash, changes nothing.
 */
export async function* crawlHost(args: CrawlArgs): CrawlSteps {
  const run = openHostRun(args, createFrontier<QueuedPage>([]))
  const seat = createSeat(run)
  try {
    return yield* crawlWhileSeated(run, seat)
  } finally {
    await seat.leave()
  }
}

async function* crawlWhileSeated(run: HostRun, seat: Seat): CrawlSteps {
  const { args, state } = run
  const { io, input, jobId, shard, signal } = args
  let { care } = args
  let pagesInStep = 0
  for (;;) {
    if (signal.aborted) return stopped(run)
    run.known.trim()
    if (run.nearer && (await followAgain(run))) {
      yield handOver(run, false)
      continue
    }

    const limit = Math.min(Math.max(2 * pagesInStep, window.least), window.most)
    const pages = await io.frontier(jobId, shard, limit)
    if (pages.length === 0) break
    await enter(run, pages[0]!)
    if (hasAllAddresses(run)) break
    run.frontier = createFrontier(pages, pages.length === limit ? pages.at(-1) : undefined)
    if (state.givenUp !== undefined) {
      skipAll(run, state.givenUp)
      yield handOver(run, false)
      continue
    }
    if (run.allowance === 0 && !(await askForMore(run))) return { end: 'done' } // what is left is for `finish`, or for another run

    const page = pages[0]!
    const robots = await knownRobots(run, page)
    const answer = await seat.take(robots ? page.url : robotsToAsk(run, page).url)
    if (!('held' in answer)) return { end: 'later', at: new Date(io.now().getTime() + answer.laterMs), why: answer.why }
    if (care === 'give-up-one') giveUp(run, page)
    else if (robots) await fetchSome(run, answer.held, care)
    else await askForRobots(run, answer.held, page)
    await seat.giveWay()
    care = 'normal'
    pagesInStep = run.step.counts.succeeded + run.step.counts.failed + run.step.counts.skipped
    const last = pages.length < limit && run.frontier.size === 0 && !run.nearer
    if (!isEmpty(run.step)) yield handOver(run, last)
  }

  await seat.leave()
  if (!state.released) yield handOver(run, true)
  // Only now that it is stored what this shard had left over can others be sure to find it.
  const starved = run.domain === '' ? [] : await io.starved(jobId, run.domain, input.maxPagesPerDomain)
  const others = starved.filter((key) => key !== shard)
  if (others.length > 0) yield { ...handOver(run, false), spawn: others, end: { end: 'done' } }
  return { end: 'done' }
}

/** Never mistaken for the end, which it would be if nobody asked the signal. */
function stopped({ args: { io } }: HostRun): RunEnd {
  return { end: 'later', at: io.now(), why: 'stopped' }
}

async function enter(run: HostRun, { domain }: QueuedPage): Promise<void> {
  const { io, input, jobId } = run.args
  if (run.domain === '' && input.maxEmailsPerDomain !== undefined)
    run.addresses = new Set(await io.domainAddresses(jobId, domain))
  run.domain = domain
}

/** Follows the links of pages that have turned out to be nearer; false when there are none. */
async function followAgain(run: HostRun): Promise<boolean> {
  const { io, jobId, shard } = run.args
  const pages = await io.nearer(jobId, shard, nearerAtOnce)
  run.nearer = pages.length > 0
  for (const { links, ...page } of pages) {
    const leads = parseLeads(links, run.follower.links)
    await run.follower.follow(run.step, run.frontier, page, leads)
    putPage(run.step, {
      ...page,
      shard,
      expanded: { depth: page.depth, hops: leads.some(({ clicks }) => clicks === 0) ? page.hops : 0 },
    })
  }
  return run.nearer
}

async function askForMore(run: HostRun): Promise<boolean> {
  const { args, domain } = run
  const cap = args.input.maxPagesPerDomain
  // Small portions, so that the hosts of a domain share a small cap; large ones for large caps, so that asking costs nothing.
  const want = Math.min(Math.max(Math.ceil(cap / 8), 4), 64)
  run.allowance = await args.io.takeGrant({ jobId: args.jobId, domain, shard: args.shard, want, cap })
  if (run.allowance > 0) run.state.released = false
  return run.allowance > 0
}

/** What is in hand, as a step; a new one is begun. */
function handOver(run: HostRun, release: boolean): Step<CrawlBatch, CrawlCheckpoint> {
  const { step, state, domain, args } = run
  if (release) {
    state.released = true
    run.allowance = 0
    step.notes.push({ message: `${args.shard}: ${state.fetched} pages fetched`, counts: { fetched: state.fetched } })
  }
  tellEndless(run)
  run.step = emptyStep()
  const batch = batchOf(
    step,
    domain === '' ? undefined : { domain, shard: args.shard, release },
    args.input.maxEmailsPerDomain,
  )
  return stepOf(step, batch, { ...state })
}

/** Once a host: there may be such links on all of its pages. */
function tellEndless({ step: { endless, findings }, state }: HostRun): void {
  if (!endless || state.endlessTold) return
  state.endlessTold = true
  const message = `links into what has no end are not followed, such as ${endless.link} (${endless.trap})`
  findings.push({ category: 'too_large', message, url: endless.on })
}

function stepOf(
  { counts, findings, notes, spawn }: CrawlStep,
  batch: CrawlBatch,
  checkpoint: CrawlCheckpoint,
): Step<CrawlBatch, CrawlCheckpoint> {
  return { batch, checkpoint, counts, findings, notes, spawn: [...spawn], phase: 'crawling' }
}

function skipAll(run: HostRun, why: string): void {
  for (let page = run.frontier.take(); page; page = run.frontier.take())
    endPage(run, page, {
      status: 'SKIPPED',
      message: `the host was given up: ${why}`,
      details: { hostGivenUp: true },
      emailCount: 0,
    })
}

/** Fetches pages until the step is worth storing, a pause is, or there is nothing to fetch. */
async function fetchSome(run: HostRun, held: HeldHost, care: Care): Promise<void> {
  const { args } = run
  const started = performance.now()
  let requests = 0
  for (;;) {
    const page = run.frontier.peek()
    if (!page || isFull(run.step) || (!isEmpty(run.step) && performance.now() - started > stepMs)) return
    if (run.allowance === 0) return
    const robots = await knownRobots(run, page)
    if (!robots) return
    const decision = robots.got === 'rules' ? robots.rules.decide(page.url) : undefined
    if (!decision?.allowed) {
      run.frontier.take()
      forbid(run, page, robots, decision?.rule)
      continue
    }

    const waitMs = held.waitMs()
    if (waitMs > 0) {
      if (requests > 0 && waitMs > lingerMs) return
      await args.wait(Math.ceil(waitMs))
      if (held.signal.aborted) return
      continue
    }
    requests++
    const outcome = await visit(run, held, page)
    if (outcome === 'stop' || care === 'one-item' || run.nearer || hasAllAddresses(run)) return
    if (run.state.givenUp !== undefined) return
  }
}

async function visit(run: HostRun, held: HeldHost, page: QueuedPage): Promise<'settled' | 'stop'> {
  const got = await untilStopped(held, fetchPage(run.args.io, page.url, held.signal))
  if (!got) return 'stop'
  run.frontier.take()
  return (await settleVisit(run, held, page, got)) === 'again' ? 'stop' : 'settled'
}

async function knownRobots(run: HostRun, { url }: QueuedPage): Promise<RobotsAnswer | undefined> {
  const { origin } = new URL(url)
  const known = run.robots.get(origin) ?? (await storedRobots(run.args.io, origin))
  if (known) run.robots.set(origin, known)
  return known
}

function robotsToAsk({ state: { robots } }: HostRun, page: QueuedPage): RobotsPlace {
  const { origin } = new URL(page.url)
  return robots?.origin === origin ? robots : robotsPlace(origin)
}

/** Where it cannot be had, that is the fate of the page that stands behind it. */
async function askForRobots(run: HostRun, held: HeldHost, page: QueuedPage): Promise<void> {
  const { io, wait } = run.args
  const at = robotsToAsk(run, page)
  const waitMs = held.waitMs()
  if (waitMs > 0) await wait(Math.ceil(waitMs))
  if (held.signal.aborted || held.waitMs() > 0) return
  const last = run.state.retry?.key === page.key && run.state.retry.failures >= 2
  const got = await untilStopped(held, fetchRobots(io, { at, signal: held.signal, last }))
  if (!got) return
  run.step.touched = true
  run.state.robots = got.got === 'redirect' ? got.to : undefined
  if (got.got === 'redirect') return
  if (got.got === 'rules' || got.got === 'forbidden') {
    const { findings, ...answer } = got
    run.state.retry = undefined
    run.robots.set(at.origin, answer)
    run.step.findings.push(...findings)
    return
  }
  run.frontier.take()
  const { httpStatus } = 'httpStatus' in got ? got : {}
  if (got.got === 'throttled') {
    const message = `robots.txt: the host answered ${httpStatus}`
    settleThrottled(run, held, page, { ...got, fetchMs: 0, category: 'http_5xx', message })
  } else await settleFault(run, held, page, got)
}

/** Undefined when the run is told to stop, or has lost the host, before there is an answer. A request has been made in any case. */
async function untilStopped<Got>(held: HeldHost, request: Promise<Got>): Promise<Got | undefined> {
  try {
    return await request
  } catch (error) {
    if (held.signal.aborted) return undefined
    throw error
  } finally {
    held.asked()
  }
}

function forbid(run: HostRun, page: QueuedPage, robots: RobotsAnswer, rule: string | undefined): void {
  const message = robots.got === 'forbidden' ? robots.message : `robots.txt forbids it (${rule})`
  // A start was asked for by name; of others there may be thousands, and their pages say so.
  if (page.depth === 0) run.step.findings.push({ category: 'robots', message, url: page.url })
  endPage(run, page, { status: 'SKIPPED', category: 'robots', message, emailCount: 0 })
}

/** It has brought down the worker, or this run, again and again. */
function giveUp(run: HostRun, page: QueuedPage): void {
  const message = 'given up after repeated crashes'
  run.frontier.take()
  run.step.findings.push({ category: 'internal', message, url: page.url })
  spendPage(run, page, { status: 'FAILED', category: 'internal', message, emailCount: 0 })
}
