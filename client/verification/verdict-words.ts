import type { introspection } from '../graphql-env.d.ts'
import type { Tone } from '../jobs/job-words.ts'
import { formatAbout, formatCount, formatDay, formatPart } from '../ui/format.ts'

type Enums = introspection['types']
export type VerificationStatus = Enums['VerificationStatus']['enumValues']
export type VerificationReason = Enums['VerificationReason']['enumValues']
export type VerificationDepth = Enums['VerificationDepth']['enumValues']

/** Each status in words and in the colours of badges and charts, light and dark. */
export const statusWords: Record<VerificationStatus, { label: string; tone: Tone; light: string; dark: string }> = {
  VALID: { label: 'Valid', tone: 'success', light: '#059669', dark: '#34d399' },
  RISKY: { label: 'Risky', tone: 'warning', light: '#d97706', dark: '#fbbf24' },
  INVALID: { label: 'Invalid', tone: 'error', light: '#dc2626', dark: '#f87171' },
  UNKNOWN: { label: 'Unknown', tone: 'neutral', light: '#a1a1aa', dark: '#71717a' },
}

export const statusNames: readonly VerificationStatus[] = ['VALID', 'RISKY', 'INVALID', 'UNKNOWN']

export const depthWords: Record<VerificationDepth, string> = {
  SYNTAX: 'text alone',
  DNS: 'DNS',
  SMTP: 'mailbox',
}

/** What each reason means, for a person who has never heard of it. */
export const reasonMeanings: Record<VerificationReason, string> = {
  SYNTAX_INVALID: 'This is no address.',
  LOCAL_TOO_LONG: 'What stands before the @ is longer than mail allows.',
  TLD_UNKNOWN: 'It ends in a top-level domain that does not exist.',
  SUPPRESSED: 'It is on the suppression list: nothing is asked, nothing is sent.',
  LEGAL_REFUSAL: 'A service may not speak of it: the person objected.',
  DOMAIN_NOT_FOUND: 'The domain does not exist.',
  NULL_MX: 'The domain says that it takes no mail.',
  NO_MAIL_HOST: 'The domain has no host that takes mail.',
  UNROUTABLE_MX: 'Its mail hosts are not on the public Internet.',
  TYPO_DOMAIN: 'The domain looks like a typing error.',
  DNS_ERROR: 'The name servers of the domain gave no answer.',
  SPAMTRAP: 'A service knows it as a trap for senders of spam.',
  ABUSE: 'A service knows it for complaints.',
  TOXIC: 'A service advises against it.',
  DISPOSABLE: 'It is at a provider of throw-away addresses.',
  MAILBOX_NOT_FOUND: 'There is no such mailbox.',
  MAILBOX_DISABLED: 'The mailbox is closed.',
  MAILBOX_FULL: 'The mailbox is full.',
  CATCH_ALL: 'Its domain takes mail for any name: nothing is known of this one.',
  MAILBOX_ACCEPTED: 'The mail server takes mail for it, and refuses a name that nobody has.',
  GREYLISTED: 'The mail server asked to come back later.',
  RATE_LIMITED: 'The mail server asked to go slower.',
  BLOCKED_BY_POLICY: 'The mail server does not talk to us; that says nothing about the mailbox.',
  SENDER_NEEDS_RDNS: 'The mail server wants our address to have a name in DNS.',
  SENDER_NEEDS_TLS: 'The mail server wants an encrypted connection.',
  SENDER_NEEDS_SPF: 'The mail server wants our domain to have an SPF record.',
  CONNECT_FAILED: 'None of its mail hosts could be reached.',
  TIMEOUT: 'The mail server did not answer in time.',
  DROPPED: 'The mail server hung up.',
  PORT25_BLOCKED: 'Nothing gets out of this network by port 25.',
  PROVIDER_UNPROBEABLE: 'Its provider gives answers that tell nothing, so it was not asked.',
  INCONCLUSIVE: 'What was answered says nothing that can be read.',
  DOMAIN_ACCEPTS_MAIL: 'The domain takes mail; the mailbox was not asked about.',
  SYNTAX_OK: 'Well written; nothing else was looked at.',
}

/** Why a verdict is what it is, for a person: of what is no address, what exactly is wrong with it. */
export function meaningOf({ reason, textProblem }: { reason: VerificationReason; textProblem: string | null }): string {
  return textProblem ?? reasonMeanings[reason]
}

/** Also where somebody has come onto the list of suppressions since the verdict. */
export function flagsOf({ flags, suppressed }: { flags: readonly string[]; suppressed: boolean }): string[] {
  return suppressed && !flags.includes('suppressed') ? [...flags, 'suppressed'] : [...flags]
}

/** fullMailbox → "full mailbox" */
export function wordsOfFlag(flag: string): string {
  return flag.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}

/** "Holds for 6 d 3 h", "Holds until 26 Nov 2026", "Holds no more". */
export function wordsOfHold(until: string, nowMs: number): string {
  const seconds = (Date.parse(until) - nowMs) / 1_000
  if (seconds <= 0) return 'Holds no more'
  return seconds < 7 * 86_400 ? `Holds for ${formatAbout(seconds)}` : `Holds until ${formatDay(until)}`
}

/** `12 results, 2 of them not an address and so invalid`: what a job counts, and what of it is in no list of addresses. `all`: so many there are, as far as that is known. */
export function wordsOfResults(counts: readonly { count: number; notAddresses: number }[], all = 0): string {
  const sum = (of: 'count' | 'notAddresses') => counts.reduce((all, one) => all + one[of], 0)
  const texts = sum('notAddresses')
  return (
    formatPart(sum('count'), all, 'result') +
    (texts > 0 ? `, ${formatCount(texts)} of them not an address and so invalid` : '')
  )
}
