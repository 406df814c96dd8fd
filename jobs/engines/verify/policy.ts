import type { Reason, Status } from './terms.ts'

/** What a reason asks of those who probe, beyond this one verdict. */
export type Effect = 'note_operator' | 'slow_mx' | 'open_circuit' | 'stop_smtp'

export interface ReasonPolicy {
  status: Status
  /** Where the score starts, 0 to 100. */
  score: number
  /** No score above this; null for no limit of its own. */
  scoreCap: number | null
  /** Whether a verdict with this reason lets mail be sent there. What else a campaign asks for is its own affair. */
  sendable: boolean
  /** How long the verdict holds from the moment when what it rests on was found out; null for ever. */
  holdsForMs: number | null
  /** When to try again, by how often it was tried (first entry: after the first time); then `holdsForMs`. Empty: not tried again. */
  retryAfterMs: readonly number[]
  effect: Effect | null
}

/** All that an operator can tune: no number and no status stands in the code that applies it. */
export interface Policy {
  reasons: Record<Reason, ReasonPolicy>
  score: ScorePolicy
  /** For how long the answer of a control probe speaks for the whole domain; then it is asked once more. */
  catchAllHoldsForMs: number
  /** Organisations, as `mxOrganisation` names them, whose servers' answers tell nothing: they are not asked. */
  unprobeable: readonly string[]
  manners: Manners
}

/**
 * How mail servers are asked. Two connections are what small hosts take without a word; the caps are a fraction of what large ones are known to slow senders
 * down at.
 */
export interface Manners {
  connectMs: number
  /** For one whole reply, however its bytes trickle in. */
  replyMs: number
  /** Mail hosts of a domain that are tried. */
  hosts: number
  /** Asked about in one connection. */
  recipients: number
  /** At the same time, over all hosts of an organisation and all workers. */
  connections: number
  /** Pause between the starts of two connections, unless they asked for more. */
  intervalMs: number
  /** Recipients that an organisation is asked about at most. */
  perHour: number
  perDay: number
  /** So many organisations that cannot be reached, and none that can, mean that nothing gets out of here. */
  blockedAfter: number
}

export interface ScorePolicy {
  ownSiteStillOnPage: number
  furtherSource: number
  furtherSourcesAtMost: number
  patternMatch: number
  nameMatch: number
  role: number
  gibberish: number
  notSeenForMs: number
  notSeen: number
  generatedOnly: number
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const onceInAWhile = [15 * minute, hour, 4 * hour]

const invalid = { status: 'INVALID', score: 0, scoreCap: 5, sendable: false } as const
const risky = { status: 'RISKY', score: 45, scoreCap: null, sendable: true } as const
const barred = { ...risky, sendable: false } as const
const unknown = { status: 'UNKNOWN', score: 30, scoreCap: 80, sendable: true } as const

function rule(
  stand: Pick<ReasonPolicy, 'status' | 'score' | 'scoreCap' | 'sendable'>,
  holdsForMs: number | null,
  { retryAfterMs = [], effect = null }: { retryAfterMs?: readonly number[]; effect?: Effect | null } = {},
): ReasonPolicy {
  return { ...stand, holdsForMs, retryAfterMs, effect }
}

export const defaultPolicy: Policy = {
  reasons: {
    syntax_invalid: rule(invalid, null),
    local_too_long: rule(invalid, null),
    tld_unknown: rule(invalid, null),
    suppressed: rule(barred, null),
    legal_refusal: rule(barred, null),
    domain_not_found: rule(invalid, 7 * day),
    null_mx: rule(invalid, 7 * day),
    no_mail_host: rule(invalid, 7 * day),
    unroutable_mx: rule(invalid, 7 * day),
    typo_domain: rule(risky, 30 * day),
    dns_error: rule(unknown, day, { retryAfterMs: [minute, 5 * minute, 30 * minute, 2 * hour] }),
    spamtrap: rule(barred, 180 * day),
    abuse: rule(barred, 180 * day),
    toxic: rule(barred, 180 * day),
    disposable: rule(barred, 30 * day),
    mailbox_not_found: rule(invalid, 180 * day),
    mailbox_disabled: rule(invalid, 90 * day),
    mailbox_full: rule(risky, 14 * day),
    catch_all: rule({ ...risky, score: 55, scoreCap: 75 }, 90 * day),
    mailbox_accepted: rule({ status: 'VALID', score: 95, scoreCap: null, sendable: true }, 90 * day),
    greylisted: rule(unknown, day, { retryAfterMs: onceInAWhile }),
    rate_limited: rule(unknown, day, { retryAfterMs: onceInAWhile, effect: 'slow_mx' }),
    blocked_by_policy: rule(unknown, 7 * day, { effect: 'open_circuit' }),
    sender_needs_rdns: rule(unknown, 7 * day, { effect: 'note_operator' }),
    sender_needs_tls: rule(unknown, 7 * day, { effect: 'note_operator' }),
    sender_needs_spf: rule(unknown, 7 * day, { effect: 'note_operator' }),
    connect_failed: rule(unknown, day, { retryAfterMs: onceInAWhile }),
    timeout: rule(unknown, day, { retryAfterMs: onceInAWhile }),
    dropped: rule(unknown, day, { retryAfterMs: onceInAWhile }),
    port25_blocked: rule(unknown, day, { effect: 'stop_smtp' }),
    provider_unprobeable: rule(unknown, 30 * day),
    // Tried again only where the server itself said "later".
    inconclusive: rule(unknown, 7 * day, { retryAfterMs: onceInAWhile }),
    domain_accepts_mail: rule({ ...unknown, score: 60, scoreCap: 70 }, 7 * day),
    syntax_ok: rule(unknown, null),
  },
  score: {
    ownSiteStillOnPage: 10,
    furtherSource: 3,
    furtherSourcesAtMost: 9,
    patternMatch: 8,
    nameMatch: 5,
    role: 5,
    gibberish: 20,
    notSeenForMs: 365 * day,
    notSeen: 10,
    generatedOnly: 15,
  },
  catchAllHoldsForMs: 30 * day,
  // Both take or refuse RCPT by who asks, not by who is asked for.
  unprobeable: ['outlook.com', 'yahoo'],
  manners: {
    connectMs: 10_000,
    replyMs: 45_000,
    hosts: 3,
    recipients: 5,
    connections: 2,
    intervalMs: 500,
    perHour: 300,
    perDay: 2_000,
    blockedAfter: 5,
  },
}
