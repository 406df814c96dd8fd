import type { NewVerification } from '../../db/job-verifications.ts'
import type { FailedCheck, FullVerdict, NewVerdict } from '../../db/verdicts.ts'
import type { OpenItem } from '../../db/verify-lists.ts'
import type { DomainFacts, Evidence } from '../engines/verify/evidence.ts'
import type { Reason } from '../engines/verify/terms.ts'
import type { Verdict } from '../engines/verify/verdict.ts'
import type { ErrorCategory } from '../error-category.ts'
import type { Finding } from '../job-kind.ts'

/** An address of the list with what became of it. */
export interface Answered {
  found: NewVerification
  /** For whoever asks later; undefined where that was no address, is not to be asked about, or could not be checked. */
  kept?: NewVerdict
  findings: Finding[]
}

/** Reasons that say nothing but that the check could not be made, each with the sort of trouble that it is. */
const troubles: Partial<Record<Reason, ErrorCategory>> = {
  dns_error: 'dns',
  greylisted: 'rate_limited',
  rate_limited: 'rate_limited',
  connect_failed: 'network',
  timeout: 'timeout',
  dropped: 'network',
}

/** What was found out now. `failure`: it could not be checked, and that says nothing to anybody else. */
export function answeredBy(
  item: OpenItem,
  evidence: Evidence,
  verdict: Verdict,
  failure?: Pick<Finding, 'category' | 'message'>,
): Answered {
  const full = { ...fullVerdict(evidence, verdict), ...(failure && { failed: true }) }
  const category = troubles[verdict.reason]
  const trouble =
    failure ?? (category && { category, message: `could not be checked: ${why(item, evidence, verdict)}` })
  return {
    ...answeredAs(item, full, !failure && !evidence.suppressed),
    findings: trouble ? [{ ...trouble, item: item.address }] : [],
  }
}

/** A check that has failed a while ago, as often as it is worth trying: its time has not come again. */
export function answeredByFailure(
  item: OpenItem,
  { address: _address, retryAt: _retryAt, tries: _tries, ...row }: FailedCheck,
): Answered {
  const category = troubles[row.reason as Reason] ?? 'provider'
  const message = `could not be checked at ${row.checkedAt.toISOString()}: ${row.reason}`
  return {
    found: { position: item.position, address: item.address, verdict: row },
    findings: [{ category, message, item: item.address }],
  }
}

/** An address with a verdict that others may share. `keep`: it is one for whoever asks later, too. */
export function answeredAs({ domain, position, address }: OpenItem, verdict: FullVerdict, keep: boolean): Answered {
  const row = { position, address, verdict }
  return { found: row, ...(keep && isAddress({ domain }) && { kept: row }), findings: [] }
}

/** Undefined for what is no address: it has no normal form, and so no key. */
export function keptVerdict(
  { domain, position, address }: OpenItem,
  evidence: Evidence,
  verdict: Verdict,
): NewVerdict | undefined {
  // What is no address has no normal form, and so no key; and who is taken off the list of suppressions is checked again.
  if (!isAddress({ domain }) || evidence.suppressed) return undefined
  return { position, address, verdict: fullVerdict(evidence, verdict) }
}

function isAddress({ domain }: Pick<OpenItem, 'domain'>): boolean {
  return domain !== ''
}

function why({ domain }: OpenItem, evidence: Evidence, { reason }: Verdict): string {
  const route = evidence.domain?.route
  return route?.kind === 'dns_error' ? `the name servers of ${domain} gave no answer (${route.code})` : reason
}

/** Evidence is kept without what the columns, the text and the facts of the domain say. */
export function fullVerdict(evidence: Evidence, verdict: Verdict): FullVerdict {
  const { text: _text, depth, engine, at, tries, domain, ...rest } = evidence
  const { status, reason, score, suggestion, flags } = verdict
  const byFacts = domain !== undefined && isPlain(domain)
  const kept = { ...rest, ...(domain && !byFacts && { domain }) }
  return {
    status,
    reason,
    score,
    flags: Object.entries(flags).flatMap(([flag, holds]) => (holds ? [flag] : [])),
    suggestion,
    depth,
    engine,
    checkedAt: new Date(at),
    holdsUntil: instant(verdict.holdsUntil),
    failed: troubles[reason] !== undefined,
    evidence: Object.keys(kept).length > 0 ? kept : null,
    factsAt: byFacts ? new Date(domain.at) : null,
    retryAt: instant(verdict.retryAt),
    tries,
  }
}

/** All that is known of it is what DNS said, which is stored with the domain. */
export function isPlain({ disposable, catchAll }: DomainFacts): boolean {
  return !disposable && catchAll === null
}

function instant(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
