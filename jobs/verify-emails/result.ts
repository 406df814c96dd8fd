import type { NewVerification } from '../../db/job-verifications.ts'
import type { NewVerdict, VerdictRow } from '../../db/verdicts.ts'
import type { OpenItem } from '../../db/verify-lists.ts'
import type { Evidence } from '../engines/verify/evidence.ts'
import type { Reason } from '../engines/verify/terms.ts'
import type { Verdict } from '../engines/verify/verdict.ts'
import type { ErrorCategory } from '../error-category.ts'
import type { Finding } from '../job-kind.ts'

/** An address of the list with what was found out about it now. */
export interface Answered {
  item: OpenItem
  evidence: Evidence
  verdict: Verdict
  /** It could not be checked, through no fault of the other side. */
  failure?: Pick<Finding, 'category' | 'message'>
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

export function findingOf({ item, evidence, verdict, failure }: Answered): Finding[] {
  if (failure) return [{ ...failure, item: item.address }]
  const category = troubles[verdict.reason]
  if (category === undefined) return []
  const route = evidence.domain?.route
  const why =
    route?.kind === 'dns_error' ? `the name servers of ${item.domain} gave no answer (${route.code})` : verdict.reason
  return [{ category, message: `could not be checked: ${why}`, item: item.address }]
}

export function verificationOf(answered: Answered): NewVerification {
  const { position, domain, address } = answered.item
  return { position, domain, address, ...rowOf(answered) }
}

/** What is kept for whoever asks later; none where it needed nothing but the text, which says the same at any time. */
export function keptVerdict(answered: Answered): NewVerdict[] {
  const { item, evidence, verdict, failure } = answered
  if (!evidence.domain || failure) return []
  const { text: _text, depth: _depth, engine: _engine, at: _at, ...kept } = evidence
  return [
    {
      domain: item.domain,
      address: item.address,
      ...rowOf(answered),
      evidence: kept,
      retryAt: instant(verdict.retryAt),
      tries: evidence.tries,
    },
  ]
}

function rowOf({ evidence: { depth, engine, at }, verdict, failure }: Answered): VerdictRow {
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
    failed: failure !== undefined || troubles[reason] !== undefined,
  }
}

function instant(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
