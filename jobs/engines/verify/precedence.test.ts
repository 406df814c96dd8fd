import { describe, expect, it } from 'vitest'

import {
  accepted,
  after,
  at,
  day,
  domain,
  evidence,
  mx,
  noMailbox,
  now,
  probe,
  probed,
  refused,
  service,
  text,
} from '../../../test/support/evidence.ts'
import type { Evidence, ServiceFindings, SmtpEnd, SmtpProbe, SmtpReply } from './evidence.ts'
import { defaultPolicy } from './policy.ts'
import type { Reason } from './terms.ts'
import { catchAllOf, verdict } from './verdict.ts'

describe('of several reasons', () => {
  it.each<[what: string, evidence: Partial<Evidence>, reason: Reason]>([
    [
      'a domain that takes no mail counts before its typing error',
      { text: text({ suggestion: 'info@acme.com' }), domain: domain({ kind: 'not_found' }) },
      'domain_not_found',
    ],
    [
      'a disposable domain before what its server said',
      { ...probed({ rcpt: accepted, control: noMailbox }), text: text({ disposable: true }) },
      'disposable',
    ],
    ['a suppression before DNS', { suppressed: true, domain: domain({ kind: 'not_found' }) }, 'suppressed'],
    ['a syntax error before a suppression', { ...refused('no_at'), suppressed: true }, 'syntax_invalid'],
  ])('%s', (_what, given, reason) => {
    expect(verdict(evidence(given), defaultPolicy, now).reason).toBe(reason)
  })
})

it('each reason outranks those below it', () => {
  // From the weakest to the strongest: each adds to all that was known before.
  const layers: [Partial<Evidence>, Reason][] = [
    [{}, 'syntax_ok'],
    [{ domain: domain(mx) }, 'domain_accepts_mail'],
    [service({ reason: 'inconclusive' }), 'inconclusive'],
    [service({ reason: 'timeout' }), 'timeout'],
    [service({ reason: 'blocked_by_policy' }), 'blocked_by_policy'],
    [service({ reason: 'mailbox_accepted' }), 'mailbox_accepted'],
    [
      { ...service({ reason: 'mailbox_accepted' }), domain: { ...domain(mx), catchAll: { is: true, at } } },
      'catch_all',
    ],
    [service({ reason: 'mailbox_full', catchAll: true }), 'mailbox_full'],
    [service({ reason: 'mailbox_not_found', catchAll: true }), 'mailbox_not_found'],
    [{ text: text({ disposable: true }) }, 'disposable'],
    [service({ reason: 'toxic' }), 'toxic'],
    [service({ reason: 'spamtrap' }), 'spamtrap'],
    [{ domain: domain({ kind: 'dns_error', code: 'TIMEOUT', hosts: [] }) }, 'dns_error'],
    [{ text: text({ disposable: true, suggestion: 'info@acme.com' }) }, 'typo_domain'],
    [{ bounce: { at, reply: noMailbox } }, 'mailbox_not_found'],
    [{ domain: domain({ kind: 'unroutable', hosts: [] }) }, 'unroutable_mx'],
    [{ ...service({ reason: 'legal_refusal' }), domain: domain({ kind: 'unroutable', hosts: [] }) }, 'legal_refusal'],
    [{ suppressed: true }, 'suppressed'],
    [{ text: text({ disposable: true, suggestion: 'info@acme.com', tldKnown: false }) }, 'tld_unknown'],
    [refused('no_at'), 'syntax_invalid'],
  ]
  let known: Partial<Evidence> = {}
  for (const [more, reason] of layers) {
    known = { ...known, ...more }
    expect(verdict(evidence(known), defaultPolicy, now).reason).toBe(reason)
  }
})

describe('of several connections', () => {
  const down = { ...probe({}, 'connect_failed'), host: 'mx1.acme.com' }
  it.each<[what: string, probes: SmtpProbe[], port25: 'open' | 'blocked', reason: Reason]>([
    ['the one that got through counts', [down, probe({ rcpt: noMailbox })], 'open', 'mailbox_not_found'],
    ['the last one counts where none did', [down, probe({}, 'timeout')], 'open', 'timeout'],
    ['none counts where nothing gets out', [down, probe({}, 'timeout')], 'blocked', 'port25_blocked'],
    ['an answer counts even so', [probe({ greeting: accepted, rcpt: noMailbox })], 'blocked', 'mailbox_not_found'],
  ])('%s', (_what, probes, port25, reason) => {
    const made = verdict(evidence({ domain: domain(mx), smtp: { port25, probes } }), defaultPolicy, now)
    expect(made.reason).toBe(reason)
  })
})

it('a refusal before RCPT is about us, at whatever stage', () => {
  const refusal: SmtpReply = { code: 554, enhanced: null, text: 'No such user' }
  const stages: SmtpProbe['replies'][] = [
    { greeting: refusal },
    { greeting: accepted, ehlo: refusal },
    { greeting: accepted, ehlo: { ...refusal, code: 502 }, helo: refusal },
    { greeting: accepted, ehlo: accepted, mail: refusal },
  ]
  for (const replies of stages)
    expect(verdict(evidence(probed(replies)), defaultPolicy, now).reason).toBe('blocked_by_policy')
})

describe('a control probe that failed', () => {
  it.each<[what: string, control: SmtpReply | undefined, end: SmtpEnd, reason: Reason]>([
    ['by greylisting', { code: 450, enhanced: null, text: 'later' }, 'completed', 'greylisted'],
    ['by a policy', { code: 550, enhanced: '5.7.1', text: 'No such user' }, 'completed', 'blocked_by_policy'],
    ['by words that nobody knows', { code: 550, enhanced: null, text: 'Nope' }, 'completed', 'inconclusive'],
    ['by silence', undefined, 'timeout', 'timeout'],
    ['by a cut', undefined, 'dropped', 'dropped'],
  ])('%s leaves it open whether the mailbox is there', (_what, control, end, reason) => {
    const said = probe({ rcpt: accepted, ...(control && { control }) }, end)
    const made = verdict(evidence({ domain: domain(mx), smtp: { port25: 'open', probes: [said] } }), defaultPolicy, now)
    expect(made).toMatchObject({ status: 'UNKNOWN', reason, flags: { catchAll: false } })
    expect(catchAllOf(said)).toBeUndefined()
  })
})

describe('what is stored of the domain', () => {
  const only = { rcpt: accepted }
  it.each<[what: string, is: boolean, daysAgo: number, reason: Reason]>([
    ['an earlier refusal of a control address vouches for an accepted one', false, 29, 'mailbox_accepted'],
    ['an earlier catch-all is one still', true, 29, 'catch_all'],
    ['an old refusal vouches for nothing', false, 31, 'inconclusive'],
    ['an old catch-all is none for sure', true, 31, 'inconclusive'],
  ])('%s', (_what, is, daysAgo, reason) => {
    const known = { ...domain(mx), catchAll: { is, at: after(-daysAgo * day) } }
    const given = evidence({ domain: known, smtp: { port25: 'open', probes: [probe(only)] } })
    expect(verdict(given, defaultPolicy, now).reason).toBe(reason)
  })
})

describe('whether a domain takes mail for any name', () => {
  const known = { ...domain(mx), catchAll: { is: true, at } }
  it.each<[what: string, said: Partial<ServiceFindings>, reason: Reason]>([
    ['is what the service says', { reason: 'mailbox_accepted', catchAll: false }, 'mailbox_accepted'],
    ['is what we know where it says nothing', { reason: 'mailbox_accepted', catchAll: null }, 'catch_all'],
  ])('%s', (_what, said, reason) => {
    expect(verdict(evidence({ ...service(said), domain: known }), defaultPolicy, now).reason).toBe(reason)
  })

  it('is a flag at any depth, and no reason before a mailbox was asked about', () => {
    const made = verdict(evidence({ depth: 'DNS', domain: known }), defaultPolicy, now)
    expect(made).toMatchObject({ reason: 'domain_accepts_mail', flags: { catchAll: true } })
  })
})

describe('a bounce', () => {
  const bounced = (daysAgo: number, reply: SmtpReply) => ({ bounce: { at: after(-daysAgo * day), reply } })
  it.each<[what: string, evidence: Partial<Evidence>, reason: Reason]>([
    [
      'overrides what a probe said',
      { ...probed({ rcpt: accepted, control: noMailbox }), ...bounced(10, noMailbox) },
      'mailbox_not_found',
    ],
    [
      'overrides a list',
      { text: text({ suggestion: 'info@acme.com' }), ...bounced(10, noMailbox) },
      'mailbox_not_found',
    ],
    [
      'does not bring back a domain that is gone',
      {
        domain: domain({ kind: 'not_found' }),
        ...bounced(1, { code: 552, enhanced: '5.2.2', text: 'Mailbox full' }),
      },
      'domain_not_found',
    ],
    [
      'is forgotten with time',
      { ...probed({ rcpt: accepted, control: noMailbox }), ...bounced(181, noMailbox) },
      'mailbox_accepted',
    ],
    [
      'that is about us says nothing of the mailbox',
      {
        ...probed({ rcpt: accepted, control: noMailbox }),
        ...bounced(1, { code: 550, enhanced: '5.7.1', text: 'Spam' }),
      },
      'mailbox_accepted',
    ],
  ])('%s', (_what, given, reason) => {
    expect(verdict(evidence(given), defaultPolicy, now).reason).toBe(reason)
  })
})
