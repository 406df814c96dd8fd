import type { SmtpReply, SmtpStage } from './evidence.ts'
import { mxOrganisation } from './mx-organisation.ts'
import { providerRules } from './provider-rules.ts'
import type { ProviderRule } from './provider-rules.ts'
import { hasWords, mailboxTexts, plainWords, policyTexts, senderTexts } from './reply-texts.ts'
import type { ReplyText } from './reply-texts.ts'
import type { Reason } from './terms.ts'

/** What a reply means. `final`: the server did not say "later" (4xx), so asking again soon tells nothing new. */
export interface Reading {
  reason: Reason | 'accepted'
  final: boolean
}

/**
 * Reads one reply in this order: reply class, what is known of the provider, enhanced code, texts about policy, texts about mailboxes,
 * bare code, else `inconclusive`. Before RCPT nothing can be about the mailbox. `host` is the mail host that spoke; empty where it is
 * not known (a delivery report).
 */
export function readReply(reply: SmtpReply, stage: SmtpStage, host: string): Reading {
  const kind = Math.floor(reply.code / 100)
  if (kind === 2 || kind === 3) return { reason: 'accepted', final: true }
  if (kind !== 4 && kind !== 5) return { reason: 'inconclusive', final: true }
  const aboutMailbox = stage === 'rcpt' || stage === 'control'
  const heard: Heard = {
    reply,
    kind,
    stage,
    aboutMailbox,
    plain: plainWords(reply.text),
    organisation: mxOrganisation(host),
  }
  const reason =
    byProvider(heard) ??
    byEnhancedCode(heard) ??
    byText(policyTexts, heard) ??
    (aboutMailbox ? byText(mailboxTexts, heard) : undefined) ??
    byCode(heard)
  return { reason, final: kind === 5 }
}

interface Heard {
  reply: SmtpReply
  kind: 4 | 5
  stage: SmtpStage
  aboutMailbox: boolean
  /** The text as `plainWords` makes it. */
  plain: string
  organisation: string
}

function byProvider(heard: Heard): Reason | undefined {
  return providerRules.find((rule) => applies(rule, heard))?.reason
}

function applies(rule: ProviderRule, { reply, stage, plain, organisation }: Heard): boolean {
  return (
    rule.organisation === organisation &&
    (rule.stages ?? ['rcpt', 'control']).includes(stage) &&
    (rule.code === undefined || rule.code === reply.code) &&
    (rule.enhanced === undefined || rule.enhanced === reply.enhanced) &&
    (rule.words === undefined || hasWords(plain, rule.words))
  )
}

/** RFC 3463 and IANA's registry of enhanced status codes, where a code alone says enough. */
const mailboxCodes: Record<string, Reason> = {
  '5.1.1': 'mailbox_not_found',
  // "mailbox has moved, no forwarding address"
  '5.1.6': 'mailbox_not_found',
  '5.2.1': 'mailbox_disabled',
  '5.2.2': 'mailbox_full',
  '4.2.2': 'mailbox_full',
}

/** Of either class: its digit is left out. */
const sessionCodes: Record<string, Reason> = {
  // the sender's own address or system
  '1.7': 'blocked_by_policy',
  '1.8': 'blocked_by_policy',
  // "too many recipients"
  '5.3': 'rate_limited',
  '7.10': 'sender_needs_tls',
  // RFC 7372: SPF failed, SPF could not be checked, no reverse DNS, several of these at once
  '7.23': 'sender_needs_spf',
  '7.24': 'sender_needs_spf',
  '7.25': 'sender_needs_rdns',
  '7.26': 'sender_needs_spf',
}

function byEnhancedCode(heard: Heard): Reason | undefined {
  const { enhanced, code } = heard.reply
  if (enhanced === null) return undefined
  const mailbox = heard.aboutMailbox ? mailboxCodes[enhanced] : undefined
  if (mailbox !== undefined) return mailbox
  const detail = enhanced.slice(2)
  const session = sessionCodes[detail]
  if (session !== undefined) return session
  if (!detail.startsWith('7.') || code === 421) return undefined
  // x.7.x is security and policy: never about whether the mailbox exists, whatever the words say. They may tell which policy.
  return byText(policyTexts, heard) ?? (heard.kind === 4 ? 'greylisted' : 'blocked_by_policy')
}

function byText(texts: readonly ReplyText[], { reply, kind, plain }: Heard): Reason | undefined {
  // RFC 5321 §3.8: with 421 the server goes away, which says "not now" whatever stands behind it.
  const candidates = reply.code === 421 ? senderTexts : texts
  return candidates.find(
    (known) =>
      (known.kind === undefined || known.kind === kind) &&
      (known.code === undefined || known.code === reply.code) &&
      hasWords(plain, known.words),
  )?.reason
}

function byCode({ reply: { code }, aboutMailbox }: Heard): Reason {
  switch (code) {
    case 421:
      return 'rate_limited'
    case 450:
      return 'greylisted'
    case 552:
      return aboutMailbox ? 'mailbox_full' : 'blocked_by_policy'
    default:
      // Any other 550 at RCPT may be the mailbox or us; before RCPT it can only be us.
      return code >= 500 && !aboutMailbox ? 'blocked_by_policy' : 'inconclusive'
  }
}
