import type { FailedCheck } from '../../db/verdicts.ts'
import type { Candidate, MailboxRound } from './mailbox-checks.ts'
import { answeredByFailure } from './result.ts'
import { earlier } from './wait.ts'

/** What an earlier check that failed means for the next one: too early, for good, or one try more. */
export function dueNow(
  candidate: Candidate,
  before: FailedCheck | undefined,
  round: MailboxRound,
  now: Date,
): Candidate[] {
  const { item, evidence } = candidate
  if (before && before.retryAt === null) {
    round.answered.push(answeredByFailure(item, before))
    return []
  }
  if (before?.retryAt && before.retryAt > now) {
    round.wait = earlier(round.wait, { at: before.retryAt, why: `the mail server of ${item.domain}: ${before.reason}` })
    return []
  }
  return [{ item, evidence: { ...evidence, tries: (before?.tries ?? 0) + 1 } }]
}
