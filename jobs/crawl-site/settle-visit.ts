import type { PageFate, QueuedPage } from '../../db/pages.ts'
import type { Sighting } from '../../db/sightings.ts'
import type { FoundEmail } from '../engines/page/found-email.ts'
import type { Visit } from './fetch-page.ts'
import { leadsText } from './follow-links.ts'
import type { HeldHost } from './held-host.ts'
import type { HostRun } from './host-run.ts'
import { keepLeads, spendPage } from './page-fate.ts'
import { type Settled, settleFault, settleThrottled } from './settle-fault.ts'
import { settleRedirect } from './settle-redirect.ts'

/** Gives the page its fate by what came of the request for it, and follows its links. The page has been taken from the frontier. */
export async function settleVisit(run: HostRun, held: HeldHost, page: QueuedPage, visit: Visit): Promise<Settled> {
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
    case 'page':
      await settlePageRead(run, page, visit)
      break
  }
  return 'settled'
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
  keepLeads(run, page, leadsText(page.url, leads))
  // Where nothing costs no click, hops do not matter to those behind.
  spendPage(run, page, fate, { depth: page.depth, hops: leads.some(({ clicks }) => clicks === 0) ? page.hops : 0 })
  run.nearer = (await follower.follow(step, frontier, page, leads)) || run.nearer
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
