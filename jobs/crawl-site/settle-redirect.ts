import type { QueuedPage } from '../../db/pages.ts'
import { literalAddress, specialRange } from '../engines/crawl/address-range.ts'
import { hostList, portOf } from '../engines/crawl/host-list.ts'
import { leadsText, mostHops, redirectLead } from './follow-links.ts'
import type { HostRun } from './host-run.ts'
import { linkTarget } from './known-pages.ts'
import { endPage, keepLeads, spendPage } from './page-fate.ts'

/** So many redirects, beyond the cap itself, are free; a site that has nothing else is not crawled for ever. */
const freeRedirects = 20

/** A redirect becomes a page of its own, of whatever host, under that host's rules and pace. */
export async function settleRedirect(
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
    spendPage(run, page, { status: 'FAILED', ...head, category, message, details: { redirectsTo: to }, emailCount: 0 })
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
  const free = state.redirects < args.input.maxPagesPerDomain + freeRedirects
  if (free) state.redirects++
  const leads = outside || excluded ? [] : [lead]
  keepLeads(run, page, leadsText(page.url, leads))
  const fate = { status: 'SKIPPED', ...head, message, details: { redirectsTo: to }, emailCount: 0 } as const
  const { depth, hops } = page
  if (free) endPage(run, page, fate, { depth, hops })
  else spendPage(run, page, fate, { depth, hops })
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
