import type { FullVerdict } from '../../db/verdicts.ts'
import type { OpenItem } from '../../db/verify-lists.ts'
import type { DomainFacts, Evidence } from '../engines/verify/evidence.ts'
import type { Policy } from '../engines/verify/policy.ts'
import type { Reason, Status } from '../engines/verify/terms.ts'
import { verdict } from '../engines/verify/verdict.ts'
import { type Answered, answeredAs, answeredBy, isPlain } from './result.ts'
import type { Plan } from './verify-run.ts'

export interface Judged {
  status: Status
  reason: Reason
  answer(item: OpenItem): Answered
}

/** What is known of an address without its domain. */
export type About = Pick<Evidence, 'text' | 'suppressed' | 'seen'>

export type Judge = (about: About, domain?: { facts: DomainFacts; tries: number }) => Judged

/**
 * Makes the verdicts of one look at many addresses from text and DNS. Addresses of which the same is known, which in a long list are nearly all, share one verdict:
 * it is made, and sent to the database, once.
 */
export function createJudge(policy: Policy, { depth, engine }: Plan, now: Date): Judge {
  const shared = new Map<string, Judged>()
  const at = now.toISOString()
  const judge: Judge = (about, domain) => {
    const evidence: Evidence = {
      depth,
      engine,
      at,
      tries: domain?.tries ?? 1,
      ...about,
      ...(domain && { domain: domain.facts }),
    }
    // What syntax and DNS decide needs no mailbox, and no service that costs.
    const byDomain = domain ? ({ depth: 'DNS', engine: 'builtin' } as const) : {}
    const said = verdict({ ...evidence, ...byDomain }, policy, now)
    return { status: said.status, reason: said.reason, answer: (item) => answeredBy(item, evidence, said) }
  }
  return (about, domain) => {
    const key = keyOf(about, domain)
    if (key === undefined) return judge(about, domain)
    const before = shared.get(key)
    if (before) return before
    const { status, reason, answer } = judge(about, domain)
    const one = { status, reason, answer: sharing(answer) }
    shared.set(key, one)
    return one
  }
}

/** All that the verdict depends on; undefined where something of it is the address's own. */
function keyOf(
  { text, suppressed, seen }: About,
  domain: { facts: DomainFacts; tries: number } | undefined,
): string | undefined {
  if (!text.ok || text.suggestion !== null || suppressed || seen) return undefined
  const byText = `${+text.tldKnown}${+text.role}${+text.free}${+text.disposable}${+text.plusTag}${+text.gibberish}`
  if (!domain) return byText
  const { facts, tries } = domain
  if (tries > 1 || facts.route.kind === 'dns_error' || !isPlain(facts)) return undefined
  return `${byText} ${facts.route.kind} ${facts.at}`
}

/** The first one's verdict for all. */
function sharing(answer: Judged['answer']): Judged['answer'] {
  let verdict: FullVerdict | undefined
  return (item) => {
    if (verdict) return answeredAs(item, verdict, true)
    const first = answer(item)
    verdict = first.kept?.verdict
    return first
  }
}
