import type { KnownDomain } from '../../db/domain-facts.ts'
import type { OpenItem } from '../../db/verify-lists.ts'
import type { DomainFacts, Evidence, MailRoute, TextFacts } from '../engines/verify/evidence.ts'
import { seenOf } from '../engines/verify/seen.ts'
import { isDisposableDomain, textFacts } from '../engines/verify/text-facts.ts'
import { verdict } from '../engines/verify/verdict.ts'
import { type About, createJudge } from './judge.ts'
import { learnDomains } from './learn-domains.ts'
import { type Candidate, emptyMailboxRound, type MailboxChecks, type MailboxRound } from './mailbox-checks.ts'
import { type Answered, answeredBy } from './result.ts'
import type { Plan, VerifyArgs } from './verify-run.ts'
import { earlier } from './wait.ts'

/** So often DNS is asked about a domain within a job; then what it is asked for is left undecided. */
const dnsTries = 2

export interface CheckArgs extends Pick<VerifyArgs, 'io' | 'jobId' | 'signal'> {
  plan: Plan
  mailboxes: MailboxChecks
}

/** Checks what can be checked now, for at most so many addresses at once: then with the first of them that there is anything to say of. */
export async function checkItems(args: CheckArgs, items: readonly OpenItem[], atOnce: number): Promise<MailboxRound> {
  if (items.length <= atOnce) return checkAll(args, items)
  const all = emptyMailboxRound()
  for (let from = 0; from < items.length; from += atOnce) {
    const round = await checkAll(args, items.slice(from, from + atOnce))
    if (round.answered.length + round.kept.length > 0 || round.askStore) return round
    all.held += round.held
    const wait = earlier(all.wait, round.wait)
    if (wait) all.wait = wait
  }
  return all
}

async function checkAll(
  { io, jobId, signal, plan, mailboxes }: CheckArgs,
  items: readonly OpenItem[],
): Promise<MailboxRound> {
  const judgeText = createJudge(io.policy, plan, io.now())
  const answered: Answered[] = []
  const open: { item: OpenItem; about: About & { text: TextFacts } }[] = []
  const addresses = items.map(({ address }) => address)
  const [suppressed, seen] = await Promise.all([io.suppressed(addresses), io.seen(addresses)])
  for (const item of items) {
    const text = textFacts(item.given)
    const met = seen.get(item.address)
    const about = {
      text,
      ...(suppressed.has(item.address) && { suppressed: true as const }),
      ...(met && text.ok && { seen: seenOf(text, met) }),
    }
    const byText = judgeText(about)
    if (plan.depth === 'SYNTAX' || !isText(about) || byText.status === 'INVALID' || about.suppressed)
      answered.push(byText.answer(item))
    else open.push({ item, about })
  }
  const round = { ...emptyMailboxRound(), answered }
  if (open.length === 0) return round

  const domains = [...new Set(open.map(({ item }) => item.domain))].sort()
  const rules = plan.rules()
  // What probes of mailboxes have told of a domain changes all the time.
  const remembered = plan.depth === 'SMTP' ? new Map() : io.learntByJob(jobId)
  const { known, held } = await learnDomains(io, signal, domains, rules, remembered)
  round.held = held
  const at = io.now()
  const judge = createJudge(io.policy, plan, at)
  const candidates: Candidate[] = []
  for (const { item, about } of open) {
    const stored = known.get(item.domain)
    if (!stored) continue
    const facts = domainFacts(stored)
    if (facts.route.kind === 'dns_error' && stored.faults < dnsTries) {
      round.wait = earlier(round.wait, { at: stored.holdsUntil, why: `DNS gave no answer about ${item.domain}` })
      continue
    }
    const tries = Math.max(1, stored.faults)
    const byDomain = judge(about, { facts, tries })
    if (plan.depth === 'SMTP' && byDomain.reason === 'domain_accepts_mail') {
      const { depth, engine } = plan
      candidates.push({ item, evidence: { depth, engine, at: at.toISOString(), tries, ...about, domain: facts } })
    } else answered.push(byDomain.answer(item))
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

function isText(about: About): about is About & { text: TextFacts } {
  return about.text.ok
}

const factsOf = new WeakMap<KnownDomain, DomainFacts>()

function domainFacts(stored: KnownDomain): DomainFacts {
  const before = factsOf.get(stored)
  if (before) return before
  const { domain, askedAt, catchAll, catchAllAt } = stored
  const route = stored.route as MailRoute
  const facts = {
    domain,
    at: askedAt.toISOString(),
    route,
    disposable: isDisposableDomain(domain, route),
    catchAll: catchAll === null || catchAllAt === null ? null : { is: catchAll, at: catchAllAt.toISOString() },
  }
  factsOf.set(stored, facts)
  return facts
}

/** An address that has brought down the worker, or this run, again and again. */
export function giveUp(args: CheckArgs, item: OpenItem): MailboxRound {
  return { ...emptyMailboxRound(), answered: [givenUp(args, item)] }
}

function givenUp({ io, plan }: CheckArgs, item: OpenItem): Answered {
  const at = io.now()
  const { depth, engine } = plan
  const evidence: Evidence = { depth, engine, at: at.toISOString(), tries: 1, text: textFacts(item.given) }
  const { status, score } = io.policy.reasons.inconclusive
  const said = { ...verdict(evidence, io.policy, at), status, score, reason: 'inconclusive' as const }
  return answeredBy(item, evidence, said, { category: 'internal', message: 'given up after repeated crashes' })
}
