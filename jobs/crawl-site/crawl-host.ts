import type { QueuedPage } from '../../db/pages.ts'
import type { QueuedSitemap } from '../../db/sitemaps.ts'
import { createFrontier } from '../engines/crawl/frontier.ts'
import { priorities } from '../engines/crawl/priority.ts'
import type { Care, Note, RunEnd, Step } from '../job-kind.ts'
import { askForRobots } from './ask-for-robots.ts'
import type { CrawlBatch, CrawlCheckpoint, HostState } from './crawl-batch.ts'
import { batchOf, type CrawlStep, emptyStep, isEmpty, isFull, putPage } from './crawl-step.ts'
import { fetchPage } from './fetch-page.ts'
import { parseLeads } from './follow-links.ts'
import type { HeldHost } from './held-host.ts'
import { type CrawlArgs, hasAllAddresses, type HostRun, openHostRun } from './host-run.ts'
import { knownRobots, robotsToAsk } from './known-robots.ts'
import { isToList, sitemapsTurn } from './list-sitemaps.ts'
import { endPage, spendPage } from './page-fate.ts'
import { endSitemap, readSitemap } from './read-sitemap.ts'
import type { RobotsAnswer } from './robots-of-host.ts'
import { createSeat, type Seat } from './seat.ts'
import { validatorsOf } from './settle-unchanged.ts'
import { settleVisit } from './settle-visit.ts'
import { untilStopped } from './until-stopped.ts'

type CrawlSteps = AsyncGenerator<Step<CrawlBatch, CrawlCheckpoint>, RunEnd>

/** A step takes so long, the first of a run less, so that there is soon something to see; then twice as long each time up to the most. */
const stepMs = { first: 300, most: 800 }
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
  let takesMs = stepMs.first
  for (;;) {
    if (signal.aborted) return stopped(run)
    run.known.trim()
    if (run.nearer && (await followAgain(run))) {
      yield handOver(run, false)
      continue
    }

    const limit = Math.min(Math.max(2 * pagesInStep, window.least), window.most)
    const pages = await io.frontier(jobId, shard, limit)
    const next = await sitemapsTurn(run, pages[0])
    if (next === 'listed') {
      yield handOver(run, false)
      continue
    }
    if (pages.length === 0 && !next) break
    if (pages[0]) await enter(run, pages[0])
    if (hasAllAddresses(run)) break
    run.frontier = createFrontier(pages, pages.length === limit ? pages.at(-1) : undefined)
    if (state.givenUp !== undefined) {
      skipAll(run, state.givenUp)
      yield handOver(run, false)
      continue
    }
    if (next) {
      const later = yield* readNext(run, seat, next, care)
      if (later) return later
      care = 'normal'
      if (!isEmpty(run.step)) yield handOver(run, false)
      continue
    }
    if (run.allowance === 0 && !(await askForMore(run))) return { end: 'done' } // what is left is for `finish`, or for another run

    const page = pages[0]!
    const robots = await knownRobots(run, page.url)
    const answer = await seat.take(robots ? page.url : robotsToAsk(run, page.url).url)
    if (!('held' in answer)) return laterEnd(run, answer)
    if (care === 'give-up-one') giveUp(run, page)
    // Never twice the same time: hosts that end their steps together wait for the database together, and meanwhile nobody fetches.
    else if (robots) await fetchSome(run, answer.held, care, takesMs * (0.75 + io.random() / 2))
    else await askForRobots(run, answer.held, { page })
    await seat.giveWay()
    care = 'normal'
    takesMs = Math.min(2 * takesMs, stepMs.most)
    pagesInStep = run.step.counts.succeeded + run.step.counts.failed + run.step.counts.skipped
    const last = pages.length < limit && run.frontier.size === 0 && !run.nearer && !run.sitemaps && !isToList(run)
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

/** A sitemap stands to be read. Returns how the run ends, where it must. */
async function* readNext(
  run: HostRun,
  seat: Seat,
  sitemap: QueuedSitemap,
  care: Care,
): AsyncGenerator<Step<CrawlBatch, CrawlCheckpoint>, RunEnd | undefined> {
  if (care === 'give-up-one') {
    endSitemap(run, sitemap, 'FAILED', { category: 'internal', message: 'given up after repeated crashes' })
    return undefined
  }
  const robots = await knownRobots(run, sitemap.url)
  const decision = robots?.got === 'rules' ? robots.rules.decide(sitemap.url) : undefined
  if (robots && !decision?.allowed) {
    const message = robots.got === 'forbidden' ? robots.message : `robots.txt forbids it (${decision?.rule})`
    endSitemap(run, sitemap, 'READ', sitemap.named ? { category: 'robots', message } : undefined)
    return undefined
  }
  const answer = await seat.take(robots ? sitemap.url : robotsToAsk(run, sitemap.url).url)
  if (!('held' in answer)) return laterEnd(run, answer)
  if (!robots) await askForRobots(run, answer.held, { sitemap })
  else for await (const _ of readSitemap(run, answer.held, sitemap)) yield handOver(run, false)
  await seat.giveWay()
  return undefined
}

function laterEnd({ args: { io } }: HostRun, { laterMs, why }: { laterMs: number; why: string }): RunEnd {
  return { end: 'later', at: new Date(io.now().getTime() + laterMs), why }
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
    const leads = run.follower.wantedOf(page, parseLeads(page.url, links, run.follower.links))
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
  const want = Math.min(Math.max(Math.ceil(cap / 8), 4), 512)
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
    step.notes.push(noteOfPages(args.shard, state))
  }
  tellEndless(run)
  tellPlaceholders(run)
  run.step = emptyStep()
  const batch = batchOf(
    step,
    domain === '' ? undefined : { domain, shard: args.shard, release },
    args.input.maxEmailsPerDomain,
  )
  return stepOf(step, batch, structuredClone(state))
}

function noteOfPages(shard: string, { fetched, unchanged = 0 }: HostState): Note {
  const message = `${shard}: ${fetched} pages fetched`
  if (unchanged === 0) return { message, counts: { fetched } }
  return { message: `${message}, ${unchanged} of them unchanged`, counts: { fetched, unchanged } }
}

/** Once a host: there may be such links on all of its pages. */
function tellEndless({ step: { endless, findings }, state }: HostRun): void {
  if (!endless || state.endlessTold) return
  state.endlessTold = true
  const message = `links into what has no end are not followed, such as ${endless.link} (${endless.trap})`
  findings.push({ category: 'too_large', message, url: endless.on })
}

/** Once a host: without a word, a page full of such addresses seems not to have been read. */
function tellPlaceholders({ step: { placeholder, notes }, state }: HostRun): void {
  if (!placeholder || state.placeholderTold) return
  state.placeholderTold = true
  const message = `addresses at placeholder and local domains, such as ${placeholder.domain}, are left out`
  notes.push({ message, url: placeholder.on })
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
async function fetchSome(run: HostRun, held: HeldHost, care: Care, takesMs: number): Promise<void> {
  const { args } = run
  const started = performance.now()
  let requests = 0
  for (;;) {
    const page = run.frontier.peek()
    if (!page || isFull(run.step) || (!isEmpty(run.step) && performance.now() - started > takesMs)) return
    if (run.allowance === 0) return
    // Sitemaps come before all but the starts, wherever a step may end.
    if (page.priority !== priorities.start && (run.sitemaps || isToList(run))) return
    const robots = await knownRobots(run, page.url)
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
  const validators = await validatorsOf(run, page)
  const got = await untilStopped(held, fetchPage(run.args.io, page.url, held.signal, validators))
  if (!got) return 'stop'
  run.frontier.take()
  return (await settleVisit(run, held, page, got)) === 'again' ? 'stop' : 'settled'
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
