/** The words of verification: the same in SQL, GraphQL, the app and here. */

/** How far a check goes, from the text alone to the mail server; each includes the ones before. */
export const depths = ['SYNTAX', 'DNS', 'SMTP'] as const
export type Depth = (typeof depths)[number]

export const services = ['mailsso', 'hunter', 'zerobounce', 'neverbounce', 'reacher'] as const
/** An outside API that verifies addresses. */
export type Service = (typeof services)[number]

/** As their owners write them, for people. */
export const serviceNames: Record<Service, string> = {
  mailsso: 'mails.so',
  hunter: 'Hunter',
  zerobounce: 'ZeroBounce',
  neverbounce: 'NeverBounce',
  reacher: 'Reacher',
}

export const engineNames = ['builtin', ...services] as const
/** Who found out: our own checks, or a service (after our own of text and DNS). */
export type EngineName = (typeof engineNames)[number]

export const statuses = ['VALID', 'RISKY', 'INVALID', 'UNKNOWN'] as const
export type Status = (typeof statuses)[number]

/** Every reason that a verdict can have. **The order is the precedence**: of several that apply, the first is the verdict's. */
export const reasons = [
  'syntax_invalid',
  'local_too_long',
  'tld_unknown',
  'suppressed',
  'legal_refusal',
  'domain_not_found',
  'null_mx',
  'no_mail_host',
  'unroutable_mx',
  'typo_domain',
  'dns_error',
  'spamtrap',
  'abuse',
  'toxic',
  'disposable',
  'mailbox_not_found',
  'mailbox_disabled',
  'mailbox_full',
  'catch_all',
  'mailbox_accepted',
  'greylisted',
  'rate_limited',
  'blocked_by_policy',
  'sender_needs_rdns',
  'sender_needs_tls',
  'sender_needs_spf',
  'connect_failed',
  'timeout',
  'dropped',
  'port25_blocked',
  'provider_unprobeable',
  // What was answered says nothing that can be read: a reply without a known meaning, a service's "unknown".
  'inconclusive',
  'domain_accepts_mail',
  'syntax_ok',
] as const
export type Reason = (typeof reasons)[number]

/** What stands beside the reason. False means "not known to be". */
export interface Flags {
  role: boolean
  free: boolean
  disposable: boolean
  catchAll: boolean
  fullMailbox: boolean
  disabled: boolean
  plusTag: boolean
  gibberish: boolean
  suppressed: boolean
}
export type Flag = keyof Flags

/** A moment as ISO 8601 in UTC with milliseconds, as `Date.toISOString` writes it, so that evidence stays plain JSON. */
export type Instant = string
