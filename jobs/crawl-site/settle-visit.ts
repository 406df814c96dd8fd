import type { PageFate, QueuedPage } from '../../db/pages.ts'
import type { Sighting } from '../../db/sightings.ts'
import type { FoundEmail } from '../engines/page/found-email.ts'
import { acceptedOf } from './accepted-addresses.ts'
import type { Visit } from './fetch-page.ts'
import { leadsText } from './follow-links.ts'
import type { HeldHost } from './held-host.ts'
import type { HostRun } from './host-run.ts'
import { ownText } from './own-text.ts'
import { keepLeads, spendPage } from './page-fate.ts'
import { type Settled, settleFault, settleThrottled } from './settle-fault.ts'
import { settleRedirect } from './settle-redirect.ts'
import { settleUnchanged } from './settle-unchanged.ts'

/** Gives the page its fate by what came of the request for it, and follows its links. The page has been taken from the frontier. */
export async function settleVisit(run: HostRun, held: HeldHost, page: QueuedPage, visit: Visit): Promise<Settled> {
  // It was there once: now nothing stands on it any more.
  if (run.recrawl && (visit.httpStatus === 404 || visit.httpStatus === 410))
    run.step.reads.push({ key: page.key, shard: run.args.shard })
  if (visit.httpStatus !== undefined && visit.got !== 'redirect' && visit.got !== 'throttled')
    run.state.home ??= new URL(page.url).origin
  if (visit.got === 'fault') return settleFault(run, held, page, visit, visit)
  if (visit.got === 'throttled') return settleThrottled(run, held, page, visit)
  const { state } = run
  state.strikes = 0
  state.faults = 0
  state.retry = undefined
  held.answered(visit.fetchMs)
  const { httpStatus, fetchMs } = visit
  switch (visit.got) {
    case 'redirect':
      await settleRedirect(run, page, visit.to, { httpStatus, fetchMs })
      break
    case 'no text':
      spendPage(run, page, { status: 'SKIPPED', httpStatus, fetchMs, message: visit.message, emailCount: 0 })
      break
    case 'unchanged':
      return await settleUnchanged(run, page, { httpStatus, fetchMs })
    case 'page':
      await settlePageRead(run, page, visit)
      break
  }
  return 'settled'
}

async function settlePageRead(run: HostRun, page: QueuedPage, visit: Extract<Visit, { got: 'page' }>): Promise<void> {
  const { step, follower, frontier, state } = run
  const found = visit.noindex ? [] : acceptedOf(run, visit.page.emails)
  const { placeholderDomain } = visit.page
  if (placeholderDomain !== undefined && !state.placeholderTold && !visit.noindex)
    step.placeholder ??= { on: page.url, domain: ownText(placeholderDomain) }
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
  const all = visit.nofollow ? [] : follower.leadsOf(page, visit.page)
  const leads = follower.wantedOf(page, all)
  keepLeads(run, page, leadsText(page.url, all), keepRead(run, page, visit))
  // Where nothing costs no click, hops do not matter to those behind.
  spendPage(run, page, fate, { depth: page.depth, hops: leads.some(({ clicks }) => clicks === 0) ? page.hops : 0 })
  run.nearer = (await follower.follow(step, frontier, page, leads)) || run.nearer
}

/**
 * So that the next crawl can tell what still stands there, and ask only for what has changed: of what this one has not read to the full, it cannot. True where
 * it can.
 */
function keepRead(
  { step, recrawl, args: { input, shard } }: HostRun,
  { key }: QueuedPage,
  { validators, page }: Extract<Visit, { got: 'page' }>,
): boolean {
  const whole = input.scope === 'domain' && input.maxEmailsPerDomain === undefined
  const told = validators.etag !== undefined || validators.lastModified !== undefined
  if (whole && told) step.reads.push({ key, shard, version: validators })
  else if (page.emails.length > 0 || recrawl) step.reads.push({ key, shard })
  return whole && told
}

function sightingOf({ key, url }: QueuedPage, email: FoundEmail): Sighting {
  const sighting: Sighting = { ...email, sourceKey: key, sourceUrl: url }
  for (const name of ['address', 'snippet', 'personName', 'position', 'phone', 'organisation'] as const) {
    const text = email[name]
    if (text !== undefined) sighting[name] = ownText(text)
  }
  return sighting
}
