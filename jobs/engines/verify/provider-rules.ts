import type { SmtpReply, SmtpStage } from './evidence.ts'
import type { Reason } from './terms.ts'

/** What one provider means by a reply where the general reading would be wrong. All conditions that are given must hold. */
export interface ProviderRule {
  /** As `mxOrganisation` names it. */
  organisation: string
  /** `rcpt` and `control` where it is left out. */
  stages?: readonly SmtpStage[]
  code?: SmtpReply['code']
  enhanced?: string
  /** As in `ReplyText`. */
  words?: string
  reason: Reason
}

export const providerRules: readonly ProviderRule[] = [
  // Exchange Online, directory-based edge blocking: "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)". Microsoft's
  // page on NDR code 5.4.1 and its DBEB documentation: the recipient is not in the directory.
  { organisation: 'microsoft365', code: 550, enhanced: '5.4.1', reason: 'mailbox_not_found' },
  // Exchange Online: "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup" (Microsoft's list of NDR
  // codes). Elsewhere X.1.10 means that the domain has a null MX (RFC 7505).
  { organisation: 'microsoft365', enhanced: '5.1.10', reason: 'mailbox_not_found' },
  // Exchange Online: "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup", "5.7.134 …ForMailbox" (Microsoft's list of NDR codes):
  // this one recipient takes mail from inside only. Nothing about us, and so no reason to stop asking about others.
  { organisation: 'microsoft365', enhanced: '5.7.133', reason: 'inconclusive' },
  { organisation: 'microsoft365', enhanced: '5.7.134', reason: 'inconclusive' },
  // Gmail: "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages", also with 550
  // 5.2.1 (Google's list of SMTP errors): the mailbox is there, and busy.
  { organisation: 'google', enhanced: '4.2.1', reason: 'rate_limited' },
  { organisation: 'google', enhanced: '5.2.1', words: 'receiving mail at a rate', reason: 'rate_limited' },
  // Mimecast: "451 Internal resources are temporarily unavailable" (its list of SMTP error codes): its greylist.
  {
    organisation: 'mimecast',
    code: 451,
    words: 'internal resources are temporarily unavailable',
    reason: 'greylisted',
  },
]
