import type { KnownDomain } from '../../db/domain-facts.ts'
import type { OpenItem } from '../../db/verify-lists.ts'
import type { DomainFacts, Evidence, MailRoute, TextFacts } from '../engines/verify/evidence.ts'
import { seenOf } from '../engines/verify/seen.ts'
import { isDisposableDomain, textFacts } from '../engines/verify/text-facts.ts'
import { verdict } from '../engines/verify/verdict.ts'
import type { Care } from '../job-kind.ts'
import { learnDomains } from './learn-domains.ts'
import { type Candidate, emptyMailboxRound, type MailboxChecks, type MailboxRound } from './mailbox-checks.ts'
import { type Answered, answeredBy } from './result.ts'
import type { Plan, VerifyArgs } from './verify-run.ts'
import { earlier } from './wait.ts'

/** So often DNS is asked about a domain within a job; then what it is asked for is left undecided. */
const dnsTries = 2

export interface CheckArgs extends Pick<VerifyArgs, 'io' | 'signal'> {
  plan: Plan
  mailboxes: MailboxChecks
}

/** Checks what can be checked now. A run that must be careful gets one answer at a time, and after many crashes gives that address up. */
export async function checkItems(args: CheckArgs, items: readonly OpenItem[], care: Care): Promise<MailboxRound> {
  if (care === 'normal') return checkAll(args, items)
  if (care === 'give-up-one') return { ...emptyMailboxRound(), answered: [givenUp(args, items[0]!)] }
  const all = emptyMailboxRound()
  for (const item of items) {
    const round = await checkAll(args, [item])
    if (round.answered.length + round.kept.length > 0 || round.askStore) return round
    all.held += round.held
    const wait = earlier(all.wait, round.wait)
    if (wait) all.wait = wait
  }
  return all
}

async function checkAll({ io, signal, plan, mailboxes }: CheckArgs, items: readonly OpenItem[]): Promise<MailboxRound> {
  const now = io.now()
  const answered: Answered[] = []
  const open: { item: OpenItem; evidence: Evidence & { text: TextFacts } }[] = []
  const addresses = items.map(({ address }) => address)
  const [suppressed, seen] = await Promise.all([io.suppressed(addresses), io.seen(addresses)])
  for (const item of items) {
    const evidence = evidenceOf(item, plan, now)
    if (suppressed.has(item.address)) evidence.suppressed = true
    const met = seen.get(item.address)
    if (met && evidence.text.ok) evidence.seen = seenOf(evidence.text, met)
    const byText = verdict(evidence, io.policy, now)
    if (plan.depth === 'SYNTAX' || !hasText(evidence) || byText.status === 'INVALID' || evidence.suppressed)
      answered.push(answeredBy(item, evidence, byText))
    else open.push({ item, evidence })
  }
  const round = { ...emptyMailboxRound(), answered }
  if (open.length === 0) return round

  const domains = [...new Set(open.map(({ item }) => item.domain))].sort()
  const rules = plan.rules()
  const { known, held } = await learnDomains(io, signal, domains, rules)
  const heldDomains = new Set(held)
  const candidates: Candidate[] = []
  for (const { item, evidence } of open) {
    const facts = known.get(item.domain)
    if (!facts) {
      if (heldDomains.has(item.domain)) round.held++
      continue
    }
    const domain = domainFacts(facts)
    if (domain.route.kind === 'dns_error' && facts.faults < dnsTries) {
      round.wait = earlier(round.wait, { at: facts.holdsUntil, why: `DNS gave no answer about ${item.domain}` })
      continue
    }
    const whole = { ...evidence, at: io.now().toISOString(), tries: Math.max(1, facts.faults), domain }
    // What syntax and DNS decide needs no mailbox, and no service that costs.
    const byDomain = verdict({ ...whole, depth: 'DNS', engine: 'builtin' }, io.policy, io.now())
    if (plan.depth === 'SMTP' && byDomain.reason === 'domain_accepts_mail') candidates.push({ item, evidence: whole })
    else answered.push(answeredBy(item, whole, byDomain))
  }
  if (candidates.length === 0 || signal.aborted) return round
  return joined(round, await mailboxes.check(candidates, rules))
}

function joined(a: MailboxRound, b: MailboxRound): MailboxRound {
  const wait = earlier(a.wait, b.wait)
  return {
    answered: [...a.answered, ...b.answered],
    kept: b.kept,
    notes: b.notes,
    findings: b.findings,
    held: a.held + b.held,
    askStore: b.askStore,
    ...(wait && { wait }),
  }
}

function evidenceOf(item: OpenItem, { depth, engine }: Plan, now: Date): Evidence {
  return { depth, engine, at: now.toISOString(), tries: 1, text: textFacts(item.given) }
}

function domainFacts({ domain, route: stored, askedAt, catchAll, catchAllAt }: KnownDomain): DomainFacts {
  const route = stored as MailRoute
  return {
    domain,
    at: askedAt.toISOString(),
    route,
    disposable: isDisposableDomain(domain, route),
    catchAll: catchAll === null || catchAllAt === null ? null : { is: catchAll, at: catchAllAt.toISOString() },
  }
}

/** It has brought down the worker, or this run, again and again. */
function givenUp({ io, plan }: CheckArgs, item: OpenItem): Answered {
  const at = io.now()
  const evidence = evidenceOf(item, plan, at)
  const { status, score } = io.policy.reasons.inconclusive
  const said = { ...verdict(evidence, io.policy, at), status, score, reason: 'inconclusive' as const }
  return answeredBy(item, evidence, said, { category: 'internal', message: 'given up after repeated crashes' })
}

function hasText(evidence: Evidence): evidence is Evidence & { text: TextFacts } {
  return evidence.text.ok
}
