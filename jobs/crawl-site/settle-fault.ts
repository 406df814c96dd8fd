import { domainToUnicode } from 'node:url'

import type { QueuedPage } from '../../db/pages.ts'
import { hostList } from '../engines/crawl/host-list.ts'
import { backoffMs } from '../engines/crawl/politeness.ts'
import { priorities } from '../engines/crawl/priority.ts'
import { readDomain } from '../engines/crawl/scope.ts'
import { putPage } from './crawl-step.ts'
import type { Fault, Visit } from './fetch-page.ts'
import type { HeldHost } from './held-host.ts'
import type { HostRun } from './host-run.ts'
import { linkTarget } from './known-pages.ts'
import { endPage, spendPage } from './page-fate.ts'

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
    endPage(run, page, {
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
  spendPage(run, page, {
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
  held.throttled()
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
  spendPage(run, page, { status: 'FAILED', httpStatus, fetchMs, category, message, emailCount: 0 })
  return 'settled'
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
