import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { SmtpReply, SmtpStage } from './evidence.ts'
import { readReply } from './read-reply.ts'
import { mailboxTexts, plainWords, policyTexts } from './reply-texts.ts'
import { reasons } from './terms.ts'
import type { Reason } from './terms.ts'

/** `550 5.1.1 text` as the dialogue reads it. */
function reply(line: string): SmtpReply {
  const [, code, enhanced, text] = /^(\d{3}) (?:(\d\.\d+\.\d+) ?)?(.*)$/.exec(line)!
  return { code: Number(code), enhanced: enhanced ?? null, text: text! }
}

const microsoft = 'acme-com.mail.protection.outlook.com'
const google = 'aspmx.l.google.com'

describe('a reply to RCPT', () => {
  // Wordings are the defaults of widespread servers (Postfix, Exim, Exchange) and what providers publish in their lists of errors.
  it.each<[line: string, reason: Reason | 'accepted', host?: string]>([
    ['250 2.1.5 Ok', 'accepted'],
    ['251 User not local; will forward', 'accepted'],
    ['252 Cannot VRFY user', 'accepted'],

    [
      '550 5.1.1 <info@acme.com>: Recipient address rejected: User unknown in local recipient table',
      'mailbox_not_found',
    ],
    ['550 5.1.1 Anything at all', 'mailbox_not_found'],
    ['550 5.1.1 Rejected by policy', 'mailbox_not_found'],
    ['550 5.1.6 Mailbox has moved', 'mailbox_not_found'],
    ['550 5.4.1 Recipient address rejected: Access denied. AS(201806281)', 'mailbox_not_found', microsoft],
    [
      '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
      'mailbox_not_found',
      microsoft,
    ],
    ['550 No such user here', 'mailbox_not_found'],
    ['550 Unrouteable address', 'mailbox_not_found'],
    ['550 Requested action not taken: mailbox unavailable', 'mailbox_not_found'],
    ["554 delivery error: dd This user doesn't have a yahoo.com account", 'mailbox_not_found'],
    ['550 Invalid Recipient', 'mailbox_not_found', 'eu-smtp-inbound-1.mimecast.com'],
    ['550 5.1.0 Benutzer unbekannt', 'mailbox_not_found'],

    ['550 5.2.1 The email account that you tried to reach is disabled', 'mailbox_disabled', google],
    ['550 5.2.1 Anything at all', 'mailbox_disabled'],
    ['554 This mailbox is disabled', 'mailbox_disabled'],

    ['452 4.2.2 The email account that you tried to reach is over quota', 'mailbox_full', google],
    ['552 5.2.2 Mailbox full', 'mailbox_full'],
    ['550 5.2.2 Anything at all', 'mailbox_full'],
    ['452 4.2.2 Anything at all', 'mailbox_full'],
    ['552 Requested mail action aborted', 'mailbox_full'],
    ['452 Mailbox full', 'mailbox_full'],
    ['550 Quota exceeded', 'mailbox_full'],

    ['450 Try again', 'greylisted'],
    [
      '450 4.2.0 <info@acme.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/',
      'greylisted',
    ],
    ['451 4.7.1 Greylisting in action, please come back later', 'greylisted'],
    ['451 4.7.0 Nothing said', 'greylisted'],
    ['451 Please try again later', 'greylisted'],
    ['451 Internal resources are temporarily unavailable', 'greylisted', 'eu-smtp-inbound-1.mimecast.com'],

    ['421 4.7.0 Our system has detected an unusual rate of unsolicited mail', 'rate_limited', google],
    ['421 4.3.2 Service shutting down', 'rate_limited'],
    ['421 Blocked by the block list zen.spamhaus.org', 'rate_limited'],
    ['452 4.5.3 Too many recipients', 'rate_limited'],
    ['550 5.5.3 Too many recipients', 'rate_limited'],
    ['452 4.5.3 Anything at all', 'rate_limited'],
    ['550 5.2.1 The user you are trying to contact is receiving mail at a rate', 'rate_limited', google],
    ['450 4.2.1 The user you are trying to contact is receiving mail at a rate', 'rate_limited', google],
    ['451 4.7.650 The mail server has been temporarily rate limited due to IP reputation', 'rate_limited', microsoft],
    ['451 4.7.500 Server busy', 'rate_limited', microsoft],

    ['550 5.7.1 User unknown', 'blocked_by_policy'],
    ['550 5.7.1 No such user here', 'blocked_by_policy'],
    ['554 5.7.1 Service unavailable; Client host [198.51.100.1] blocked using zen.spamhaus.org', 'blocked_by_policy'],
    ['550 5.7.606 Access denied, banned sending IP', 'blocked_by_policy', microsoft],
    ['554 5.7.1 <info@acme.com>: Relay access denied', 'blocked_by_policy'],
    ['550 Administrative prohibition', 'blocked_by_policy'],
    ['550 relay not permitted', 'blocked_by_policy'],
    ['554 Listed at zen.spamhaus.org', 'blocked_by_policy'],
    ['550 5.4.1 Recipient address rejected: Access denied', 'blocked_by_policy'],
    ['550 Mailbox unavailable or access denied', 'blocked_by_policy'],
    ['550 5.1.8 <verify@mailquarry.test>: Sender address rejected: Domain not found', 'blocked_by_policy'],

    ['550 5.1.7 No', 'blocked_by_policy'],
    ['550 5.1.8 No', 'blocked_by_policy'],

    ['450 4.7.1 Client host rejected: cannot find your reverse hostname, [198.51.100.1]', 'sender_needs_rdns'],
    ['550 5.7.25 The IP address sending this message does not have a PTR record setup', 'sender_needs_rdns'],
    ['554 No rDNS, blocked', 'sender_needs_rdns'],
    ['530 5.7.0 Must issue a STARTTLS command first', 'sender_needs_tls'],
    ['550 5.7.10 Encryption needed', 'sender_needs_tls'],
    ['550 5.7.23 The message was rejected because of Sender Policy Framework violation', 'sender_needs_spf'],
    ['550 5.7.24 No', 'sender_needs_spf'],
    ['550 5.7.26 No', 'sender_needs_spf'],
    ['550 5.7.1 SPF check failed', 'sender_needs_spf'],
    ['550 SPF: not allowed to send', 'sender_needs_spf'],

    ['550 No', 'inconclusive'],
    ['550 5.0.0 No', 'inconclusive'],
    ['553 5.1.3 Bad syntax', 'inconclusive'],
    ['550 5.1.10 Null MX', 'inconclusive'],
    ['451 4.3.0 Temporary lookup failure', 'inconclusive'],
    ['452 4.3.1 Insufficient system storage', 'inconclusive'],
    ['550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup', 'inconclusive', microsoft],
    ['550 5.7.134 RESOLVER.RST.SenderNotAuthenticatedForMailbox', 'inconclusive', microsoft],
    ['199 What', 'inconclusive'],
  ])('%s: %s', (line, reason, host = 'mx.acme.com') => {
    expect(readReply(reply(line), 'rcpt', host).reason).toBe(reason)
    expect(readReply(reply(line), 'control', host).reason).toBe(reason)
  })

  it.each<[what: string, line: string, reason: Reason]>([
    ['spam', '550 <spam@acme.com>: User unknown', 'mailbox_not_found'],
    ['blocked', '550 blocked@acme.com is an unknown user', 'mailbox_not_found'],
    ['policy', '550 No such user (policy@spf.acme.com)', 'mailbox_not_found'],
    ['rbl inside another word', '550 User unknown at marble.acme.com', 'mailbox_not_found'],
    ['spam in the name of a host', '550 spamfilter.acme.com: user unknown', 'mailbox_not_found'],
  ])('is not misread for %s in what it repeats', (_what, line, reason) => {
    expect(readReply(reply(line), 'rcpt', 'mx.acme.com').reason).toBe(reason)
  })

  it('says whether it means later', () => {
    expect(readReply(reply('451 4.3.0 x'), 'rcpt', '').final).toBe(false)
    expect(readReply(reply('550 x'), 'rcpt', '').final).toBe(true)
  })
})

describe('a reply before RCPT is never about the mailbox', () => {
  it.each<[stage: SmtpStage, line: string, reason: Reason]>([
    ['greeting', '554 No SMTP service here', 'blocked_by_policy'],
    ['greeting', '554 5.7.1 blocked using zen.spamhaus.org', 'blocked_by_policy'],
    ['greeting', '421 Too many connections', 'rate_limited'],
    ['greeting', '554 5.7.25 no PTR record', 'sender_needs_rdns'],
    ['ehlo', '550 5.7.1 Helo command rejected', 'blocked_by_policy'],
    ['mail', '550 5.1.1 User unknown', 'blocked_by_policy'],
    ['mail', '550 No such user', 'blocked_by_policy'],
    ['mail', '552 Too much', 'blocked_by_policy'],
    ['mail', '550 5.2.1 Mailbox disabled', 'blocked_by_policy'],
    ['mail', '530 5.7.0 Must issue a STARTTLS command first', 'sender_needs_tls'],
    ['mail', '450 4.1.8 Sender address rejected: Domain not found', 'blocked_by_policy'],
    ['mail', '451 Temporary local problem', 'inconclusive'],
  ])('%s: %s is %s', (stage, line, reason) => {
    expect(readReply(reply(line), stage, 'mx.acme.com').reason).toBe(reason)
  })

  it('whatever it says', () => {
    const about = new Set<Reason | 'accepted'>(['mailbox_not_found', 'mailbox_disabled', 'mailbox_full'])
    const anyReply = fc.record({
      code: fc.integer({ min: 400, max: 599 }),
      enhanced: fc.option(fc.constantFrom('5.1.1', '5.2.1', '5.2.2', '4.2.2', '5.7.1', '5.1.10', '5.4.1')),
      text: fc.constantFrom('', ...mailboxTexts.map(({ words }) => words), ...policyTexts.map(({ words }) => words)),
    })
    const host = fc.constantFrom('mx.acme.com', microsoft, google)
    fc.assert(
      fc.property(
        anyReply,
        fc.constantFrom<SmtpStage>('greeting', 'ehlo', 'helo', 'mail'),
        host,
        (said, stage, from) => {
          const { reason } = readReply(said, stage, from)
          expect(reasons).toContain(reason)
          expect(about).not.toContain(reason)
        },
      ),
    )
  })
})

it('every known text is in the form in which it is looked for', () => {
  for (const { words } of [...policyTexts, ...mailboxTexts]) {
    const bare = words.replace(/\*$/, '')
    expect(plainWords(bare)).toBe(` ${bare} `)
  }
})

it('5.7.x is about us, whatever else is said', () => {
  const texts = fc.constantFrom(...mailboxTexts.map(({ words }) => words))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999 }), texts, (detail, text) => {
      const { reason } = readReply({ code: 550, enhanced: `5.7.${detail}`, text }, 'rcpt', 'mx.acme.com')
      expect(reason).toMatch(/^(blocked_by_policy|sender_needs_|rate_limited)/)
    }),
  )
})
