import type { BounceEvidence, CatchAll, DomainFacts, Evidence, MailRoute, RefusedText, SmtpProbe } from './evidence.ts'
import { mxOrganisation } from './mx-organisation.ts'
import type { Effect, Policy } from './policy.ts'
import { readReply } from './read-reply.ts'
import type { Reading } from './read-reply.ts'
import { score } from './score.ts'
import { reasons } from './terms.ts'
import type { Flags, Instant, Reason, Status } from './terms.ts'

export interface Verdict {
  status: Status
  reason: Reason
  /** 0 to 100. */
  score: number
  flags: Flags
  /** The address that was probably meant. */
  suggestion: string | null
  /** Null: for ever. Where it is to be tried again, the same moment as `retryAt`. */
  holdsUntil: Instant | null
  /** When to check once more; null where time alone will not help or it was tried often enough. */
  retryAt: Instant | null
  sendable: boolean
  /** What the reason asks of those who probe. */
  effect: Effect | null
}

/**
 * The one place where evidence becomes a verdict: every reason that applies is collected, the first in the order of `reasons` is the
 * verdict's, and the policy's row of that reason gives the rest. Pure: the same evidence, policy and moment give the same verdict.
 */
export function verdict(evidence: Evidence, policy: Policy, now: Date): Verdict {
  const grounds = groundsOf(evidence, policy, now)
  const flags = flagsOf(evidence, grounds, policy, now)
  const ground = foremost(grounds)
  const row = policy.reasons[ground.reason]
  const delayMs = ground.final ? undefined : row.retryAfterMs[evidence.tries - 1]
  const retryAt = delayMs === undefined ? null : instant(now.getTime() + delayMs)
  return {
    status: row.status,
    reason: ground.reason,
    score: score(ground.reason, flags, evidence.seen, policy, now),
    flags,
    suggestion: suggestionOf(evidence),
    holdsUntil: retryAt ?? (row.holdsForMs === null ? null : instant(Date.parse(ground.at) + row.holdsForMs)),
    retryAt,
    sendable: row.sendable,
    // What a service met on its way is not about our own connections.
    effect: evidence.engine === 'builtin' ? row.effect : null,
  }
}

/** One reason that applies, and since when it is known. `final`: trying again tells nothing new, whatever the policy says. */
interface Ground {
  reason: Reason
  at: Instant
  final?: boolean
  /** From a delivery report. */
  bounced?: boolean
}

function groundsOf(evidence: Evidence, policy: Policy, now: Date): Ground[] {
  const { text, domain, at } = evidence
  if (!text.ok) return [{ reason: refusedReason(text), at }]
  const grounds: Ground[] = [{ reason: 'syntax_ok', at }]
  if (!text.tldKnown) grounds.push({ reason: 'tld_unknown', at })
  if (evidence.suppressed === true) grounds.push({ reason: 'suppressed', at })
  if (text.suggestion !== null) grounds.push({ reason: 'typo_domain', at })
  if (text.disposable || domain?.disposable === true) grounds.push({ reason: 'disposable', at })
  if (domain !== undefined) grounds.push({ reason: routeReason(domain.route), at: domain.at })
  if (evidence.depth === 'SMTP')
    grounds.push(...(evidence.engine === 'builtin' ? smtpGrounds : serviceGrounds)(evidence, policy, now))
  if (evidence.bounce !== undefined) grounds.push(...bounceGrounds(evidence.bounce, policy, now))
  return grounds
}

// What mail itself was told weighs more than any probe; only where there is nowhere to send to at all is that said first.
const bouncedPlace = reasons.indexOf('typo_domain') - 0.5

function foremost(grounds: Ground[]): Ground {
  const place = ({ reason, bounced }: Ground) => {
    const own = reasons.indexOf(reason)
    return bounced === true ? Math.min(own, bouncedPlace) : own
  }
  return grounds.reduce((first, next) => (place(next) < place(first) ? next : first))
}

function refusedReason({ refusal }: RefusedText): Reason {
  return refusal === 'local_too_long' ? 'local_too_long' : 'syntax_invalid'
}

/** What a domain comes to by itself. */
export function routeReason(route: MailRoute): Reason {
  switch (route.kind) {
    case 'mx':
    case 'implicit':
      return 'domain_accepts_mail'
    case 'not_found':
      return 'domain_not_found'
    case 'unroutable':
      return 'unroutable_mx'
    case 'null_mx':
    case 'no_mail_host':
    case 'dns_error':
      return route.kind
  }
}

function smtpGrounds({ domain, smtp, at }: Evidence, policy: Policy, now: Date): Ground[] {
  const known = freshCatchAll(domain, policy, now)
  // A next connection is made only where the one before could not be talked to, so the last one tells most.
  const probe = smtp?.probes.at(-1)
  const grounds: Ground[] = []
  if (known?.is === true) grounds.push({ reason: 'catch_all', at: known.at })
  // Where nothing gets out by port 25, a failed connection says nothing about the other side.
  if (smtp?.port25 === 'blocked' && probe?.replies.greeting === undefined)
    grounds.push({ reason: 'port25_blocked', at })
  else if (probe !== undefined) grounds.push(probeGround(probe, known?.is))
  else if (isUnprobeable(domain?.route, policy)) grounds.push({ reason: 'provider_unprobeable', at })
  return grounds
}

function probeGround(probe: SmtpProbe, catchAll: boolean | undefined): Ground {
  const { at, host, replies } = probe
  const { reason, final } = outcomeOf(probe)
  if (reason !== 'accepted') return { reason, at, final }
  const control = replies.control && readReply(replies.control, 'control', host)
  if (control?.reason === 'accepted') return { reason: 'catch_all', at }
  if (control === undefined ? catchAll === false : control.reason === 'mailbox_not_found')
    return { reason: 'mailbox_accepted', at }
  // A failed control probe means "not known", neither catch-all nor not: its own trouble is the reason.
  const trouble = control ?? endOf(probe)
  return { reason: trouble.reason as Reason, at, final: trouble.final }
}

function outcomeOf(probe: SmtpProbe): Reading {
  const { host, replies } = probe
  if (replies.rcpt !== undefined) return readReply(replies.rcpt, 'rcpt', host)
  const refused = (['mail', 'helo', 'ehlo', 'greeting'] as const).find((stage) => (replies[stage]?.code ?? 0) >= 400)
  return refused === undefined ? endOf(probe) : readReply(replies[refused]!, refused, host)
}

function endOf({ end }: SmtpProbe): Reading {
  if (end === 'completed') return { reason: 'inconclusive', final: true }
  return { reason: end === 'garbage' ? 'inconclusive' : end, final: false }
}

/** What the probe of an address that nobody has tells of its whole domain; undefined where it tells nothing. */
export function catchAllOf({ host, replies, at }: SmtpProbe): CatchAll | undefined {
  const said = replies.control && readReply(replies.control, 'control', host).reason
  if (said === 'accepted') return { is: true, at }
  return said === 'mailbox_not_found' ? { is: false, at } : undefined
}

/** Whether the first mail host of a domain is one whose answers tell nothing, so that it is not asked at all. */
export function isUnprobeable(route: MailRoute | undefined, policy: Policy): boolean {
  const first = route?.kind === 'mx' ? route.hosts[0] : undefined
  return first !== undefined && policy.unprobeable.includes(mxOrganisation(first.host))
}

function serviceGrounds({ domain, service }: Evidence, policy: Policy, now: Date): Ground[] {
  if (service === undefined) return []
  const { said, at } = service
  // Asked once more, a service would answer from its own store, and be paid again.
  const grounds: Ground[] = [{ reason: said.reason, at, final: true }]
  const known = freshCatchAll(domain, policy, now)
  if (said.catchAll ?? known?.is === true) grounds.push({ reason: 'catch_all', at: said.catchAll ? at : known!.at })
  return grounds
}

const mailboxTrouble = new Set<Reason | 'accepted'>(['mailbox_not_found', 'mailbox_disabled', 'mailbox_full'])

function bounceGrounds({ at, reply }: BounceEvidence, policy: Policy, now: Date): Ground[] {
  const { reason } = readReply(reply, 'rcpt', '')
  if (reason === 'accepted' || !mailboxTrouble.has(reason)) return []
  const { holdsForMs } = policy.reasons[reason]
  return holdsForMs === null || isFresh(at, holdsForMs, now) ? [{ reason, at, bounced: true }] : []
}

function flagsOf(evidence: Evidence, grounds: Ground[], policy: Policy, now: Date): Flags {
  const { text, domain, service } = evidence
  const found = new Set(grounds.map(({ reason }) => reason))
  const said = service?.said.flags ?? {}
  const facts = text.ok ? text : undefined
  return {
    role: facts?.role === true || said.role === true,
    free: facts?.free === true || said.free === true,
    disposable: found.has('disposable') || said.disposable === true,
    catchAll: found.has('catch_all') || freshCatchAll(domain, policy, now)?.is === true || said.catchAll === true,
    fullMailbox: found.has('mailbox_full') || said.fullMailbox === true,
    disabled: found.has('mailbox_disabled') || said.disabled === true,
    plusTag: facts?.plusTag === true,
    gibberish: facts?.gibberish === true || said.gibberish === true,
    suppressed: evidence.suppressed === true || said.suppressed === true,
  }
}

function suggestionOf({ text, service }: Evidence): string | null {
  return (text.ok ? text.suggestion : null) ?? service?.said.suggestion ?? null
}

function freshCatchAll(domain: DomainFacts | undefined, policy: Policy, now: Date): CatchAll | undefined {
  const catchAll = domain?.catchAll
  return catchAll && isFresh(catchAll.at, policy.catchAllHoldsForMs, now) ? catchAll : undefined
}

function isFresh(at: Instant, forMs: number, now: Date): boolean {
  return now.getTime() - Date.parse(at) < forMs
}

function instant(ms: number): Instant {
  return new Date(ms).toISOString()
}
