import type { NewVerdict } from '../../db/verdicts.ts'
import type { OpenItem } from '../../db/verify-lists.ts'
import type { DomainFacts, Evidence } from '../engines/verify/evidence.ts'
import type { Finding, Note } from '../job-kind.ts'
import type { Answered } from './result.ts'
import type { VerifyRules } from './verify-batch.ts'
import type { Wait } from './wait.ts'

/** An address whose domain takes mail. */
export interface Candidate {
  item: OpenItem
  evidence: Evidence & { domain: DomainFacts }
}

/** What came of a look at some mailboxes. */
export interface MailboxRound {
  answered: Answered[]
  /** Verdicts that are not the last word: the check is made once more at a later time. */
  kept: NewVerdict[]
  notes: Note[]
  findings: Finding[]
  wait?: Wait
  /** Others are checking so many right now. */
  held: number
  /** The store has something about addresses that it had not before. */
  askStore: boolean
}

export function emptyMailboxRound(): MailboxRound {
  return { answered: [], kept: [], notes: [], findings: [], held: 0, askStore: false }
}

/** A talk with slow hosts takes longer than claims last. */
export const renewEveryMs = 60_000

/** Finds out about mailboxes for one run of a shard: by our own probes, or by a service. */
export interface MailboxChecks {
  check(candidates: readonly Candidate[], rules: VerifyRules): Promise<MailboxRound>
  /** What was answered before is stored now: others may ask about it. */
  committed(): Promise<void>
  /** Breaks what is under way and gives all claims back. */
  close(): Promise<void>
}
