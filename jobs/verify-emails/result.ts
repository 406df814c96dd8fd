import type { NewVerification } from '../../db/job-verifications.ts'
import type { FailedCheck, NewVerdict, VerdictRow } from '../../db/verdicts.ts'
import type { OpenItem } from '../../db/verify-lists.ts'
import type { Evidence } from '../engines/verify/evidence.ts'
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
  const row = { ...rowOf(evidence, verdict), ...(failure && { failed: true }) }
  const kept = failure ? undefined : keptVerdict(item, evidence, verdict)
  const category = troubles[verdict.reason]
  const trouble =
    failure ?? (category && { category, message: `could not be checked: ${why(item, evidence, verdict)}` })
  return {
    found: verificationOf(item, row),
    ...(kept && { kept }),
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
  return { found: verificationOf(item, row), findings: [{ category, message, item: item.address }] }
}

export function keptVerdict(
  { domain, address }: OpenItem,
  evidence: Evidence,
  verdict: Verdict,
): NewVerdict | undefined {
  // What is no address has no normal form, and so no key; and who is taken off the list of suppressions is checked again.
  if (domain === '' || evidence.suppressed) return undefined
  const { text: _text, depth: _depth, engine: _engine, at: _at, ...kept } = evidence
  const { tries } = evidence
  return { domain, address, ...rowOf(evidence, verdict), evidence: kept, retryAt: instant(verdict.retryAt), tries }
}

function why({ domain }: OpenItem, evidence: Evidence, { reason }: Verdict): string {
  const route = evidence.domain?.route
  return route?.kind === 'dns_error' ? `the name servers of ${domain} gave no answer (${route.code})` : reason
}

function verificationOf({ position, domain, address }: OpenItem, row: VerdictRow): NewVerification {
  return { position, domain, address, ...row }
}

function rowOf({ depth, engine, at }: Evidence, verdict: Verdict): VerdictRow {
  const { status, reason, score, suggestion, flags } = verdict
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
  }
}

function instant(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
