import type { KnownDomain } from '../../db/domain-facts.ts'
import type { OpenItem } from '../../db/verify-lists.ts'
import type { DomainFacts, Evidence, MailRoute, TextFacts } from '../engines/verify/evidence.ts'
import { isDisposableDomain, textFacts } from '../engines/verify/text-facts.ts'
import { verdict } from '../engines/verify/verdict.ts'
import type { Care } from '../job-kind.ts'
import { learnDomains } from './learn-domains.ts'
import type { Answered } from './result.ts'
import type { Plan, VerifyArgs } from './verify-run.ts'

/** What came of a look at some addresses. */
export interface Round {
  answered: Answered[]
  /** The earliest moment at which something that must wait may go on, and what it waits for. */
  wait?: { at: Date; why: string }
  /** Others are asking about so many right now. */
  held: number
}

type Checked = Pick<VerifyArgs, 'io' | 'signal'>

/** So often DNS is asked about a domain within a job; then what it is asked for is left undecided. */
const dnsTries = 2

/** Checks what can be checked now. A run that must be careful gets one answer at a time, and after many crashes gives that address up. */
export async function checkItems(args: Checked, plan: Plan, items: readonly OpenItem[], care: Care): Promise<Round> {
  if (care === 'normal') return checkAll(args, plan, items)
  if (care === 'give-up-one') return { answered: [givenUp(args, plan, items[0]!)], held: 0 }
  let round: Round = { answered: [], held: 0 }
  for (const item of items) {
    const { answered, held, wait } = await checkAll(args, plan, [item])
    if (answered.length > 0) return { answered, held: 0 }
    const first = earlier(round.wait, wait)
    round = { answered: [], held: round.held + held, ...(first && { wait: first }) }
  }
  return round
}

async function checkAll({ io, signal }: Checked, plan: Plan, items: readonly OpenItem[]): Promise<Round> {
  const now = io.now()
  const evident = (item: OpenItem): Evidence => ({
    depth: plan.depth,
    engine: plan.engine,
    at: now.toISOString(),
    tries: 1,
    text: textFacts(item.given),
  })
  const answered: Answered[] = []
  const open: { item: OpenItem; evidence: Evidence & { text: TextFacts } }[] = []
  for (const item of items) {
    const evidence = evident(item)
    const byText = verdict(evidence, io.policy, now)
    if (plan.depth === 'SYNTAX' || !hasText(evidence) || byText.status === 'INVALID')
      answered.push({ item, evidence, verdict: byText })
    else open.push({ item, evidence })
  }
  if (open.length === 0) return { answered, held: 0 }

  const domains = [...new Set(open.map(({ item }) => item.domain))].sort()
  const { known, held } = await learnDomains(io, signal, domains, plan.rules())
  const heldDomains = new Set(held)
  let wait: Round['wait']
  let heldItems = 0
  for (const { item, evidence } of open) {
    const facts = known.get(item.domain)
    if (!facts) {
      if (heldDomains.has(item.domain)) heldItems++
      continue
    }
    const domain = domainFacts(facts)
    if (domain.route.kind === 'dns_error' && facts.faults < dnsTries) {
      wait = earlier(wait, { at: facts.holdsUntil, why: `DNS gave no answer about ${item.domain}` })
      continue
    }
    const whole = { ...evidence, at: io.now().toISOString(), tries: Math.max(1, facts.faults), domain }
    answered.push({ item, evidence: whole, verdict: verdict(whole, io.policy, io.now()) })
  }
  return { answered, held: heldItems, ...(wait && { wait }) }
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
function givenUp({ io }: Checked, { depth, engine }: Plan, item: OpenItem): Answered {
  const at = io.now()
  const evidence: Evidence = { depth, engine, at: at.toISOString(), tries: 1, text: textFacts(item.given) }
  const { status, score } = io.policy.reasons.inconclusive
  return {
    item,
    evidence,
    verdict: { ...verdict(evidence, io.policy, at), status, score, reason: 'inconclusive' },
    failure: { category: 'internal', message: 'given up after repeated crashes' },
  }
}

function hasText(evidence: Evidence): evidence is Evidence & { text: TextFacts } {
  return evidence.text.ok
}

function earlier(a: Round['wait'], b: Round['wait']): Round['wait'] {
  return a && b ? (a.at <= b.at ? a : b) : (a ?? b)
}
