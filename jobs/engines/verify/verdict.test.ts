import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type {
  DomainFacts,
  Evidence,
  MailRoute,
  ServiceFindings,
  SmtpEnd,
  SmtpProbe,
  SmtpReply,
  TextFacts,
} from './evidence.ts'
import { defaultPolicy } from './policy.ts'
import type { Effect } from './policy.ts'
import { reasons } from './terms.ts'
import type { Flags, Reason, Status } from './terms.ts'
import { catchAllOf, verdict } from './verdict.ts'

const day = 86_400_000
const minute = 60_000
const at = '2026-03-01T12:00:00.000Z'
const now = new Date(at)
const mx: MailRoute = { kind: 'mx', hosts: [host('mx.acme.com')] }
const accepted: SmtpReply = { code: 250, enhanced: '2.1.5', text: 'OK' }
const noMailbox: SmtpReply = { code: 550, enhanced: '5.1.1', text: 'User unknown' }
const after = (ms: number) => new Date(now.getTime() + ms).toISOString()

describe('a row of the table', () => {
  type Row = [
    what: string,
    evidence: Partial<Evidence>,
    reason: Reason,
    status: Status,
    expected: { sendable?: boolean; holdsMs: number | null; retryMs?: number; effect?: Effect; score: number },
  ]
  const rows: Row[] = [
    ['no address', refused('no_at'), 'syntax_invalid', 'INVALID', { sendable: false, holdsMs: null, score: 0 }],
    [
      '65 octets before the @',
      refused('local_too_long'),
      'local_too_long',
      'INVALID',
      { sendable: false, holdsMs: null, score: 0 },
    ],
    [
      'an ending that nobody runs',
      { text: text({ tldKnown: false }), depth: 'SYNTAX' },
      'tld_unknown',
      'INVALID',
      { sendable: false, holdsMs: null, score: 0 },
    ],
    ['suppressed', { suppressed: true }, 'suppressed', 'RISKY', { sendable: false, holdsMs: null, score: 45 }],
    [
      'an objection by law',
      service({ reason: 'legal_refusal' }),
      'legal_refusal',
      'RISKY',
      { sendable: false, holdsMs: null, score: 45 },
    ],
    [
      'no such domain',
      { domain: domain({ kind: 'not_found' }) },
      'domain_not_found',
      'INVALID',
      { sendable: false, holdsMs: 7 * day, score: 0 },
    ],
    [
      'a null MX',
      { domain: domain({ kind: 'null_mx' }) },
      'null_mx',
      'INVALID',
      { sendable: false, holdsMs: 7 * day, score: 0 },
    ],
    [
      'neither MX nor A',
      { domain: domain({ kind: 'no_mail_host', hosts: [] }) },
      'no_mail_host',
      'INVALID',
      { sendable: false, holdsMs: 7 * day, score: 0 },
    ],
    [
      'an MX at a private address',
      { domain: domain({ kind: 'unroutable', hosts: [] }) },
      'unroutable_mx',
      'INVALID',
      { sendable: false, holdsMs: 7 * day, score: 0 },
    ],
    [
      'a typing error in the domain',
      { text: text({ suggestion: 'info@acme.com' }) },
      'typo_domain',
      'RISKY',
      { holdsMs: 30 * day, score: 45 },
    ],
    [
      'a DNS that fails',
      { domain: domain({ kind: 'dns_error', code: 'SERVFAIL', hosts: [] }) },
      'dns_error',
      'UNKNOWN',
      { holdsMs: minute, retryMs: minute, score: 30 },
    ],
    [
      'a spam trap',
      service({ reason: 'spamtrap' }),
      'spamtrap',
      'RISKY',
      { sendable: false, holdsMs: 180 * day, score: 45 },
    ],
    [
      'one who complains',
      service({ reason: 'abuse' }),
      'abuse',
      'RISKY',
      { sendable: false, holdsMs: 180 * day, score: 45 },
    ],
    [
      'a toxic address',
      service({ reason: 'toxic' }),
      'toxic',
      'RISKY',
      { sendable: false, holdsMs: 180 * day, score: 45 },
    ],
    [
      'a disposable domain',
      { text: text({ disposable: true }) },
      'disposable',
      'RISKY',
      { sendable: false, holdsMs: 30 * day, score: 45 },
    ],
    [
      'a domain whose mail goes to a disposable one',
      { domain: { ...domain(mx), disposable: true } },
      'disposable',
      'RISKY',
      { sendable: false, holdsMs: 30 * day, score: 45 },
    ],
    [
      '550 5.1.1',
      rcpt(550, '5.1.1', 'User unknown'),
      'mailbox_not_found',
      'INVALID',
      { sendable: false, holdsMs: 180 * day, score: 0 },
    ],
    [
      "Microsoft's 5.4.1",
      rcpt(550, '5.4.1', 'Recipient address rejected: Access denied.', 'acme-com.mail.protection.outlook.com'),
      'mailbox_not_found',
      'INVALID',
      { sendable: false, holdsMs: 180 * day, score: 0 },
    ],
    [
      "Microsoft's 5.1.10",
      rcpt(550, '5.1.10', 'RESOLVER.ADR.RecipientNotFound', 'acme-com.mail.protection.outlook.com'),
      'mailbox_not_found',
      'INVALID',
      { sendable: false, holdsMs: 180 * day, score: 0 },
    ],
    [
      '550 5.2.1',
      rcpt(550, '5.2.1', 'Mailbox disabled'),
      'mailbox_disabled',
      'INVALID',
      { sendable: false, holdsMs: 90 * day, score: 0 },
    ],
    ['452 4.2.2', rcpt(452, '4.2.2', 'Over quota'), 'mailbox_full', 'RISKY', { holdsMs: 14 * day, score: 45 }],
    ['552 5.2.2', rcpt(552, '5.2.2', 'Mailbox full'), 'mailbox_full', 'RISKY', { holdsMs: 14 * day, score: 45 }],
    ['552', rcpt(552, null, 'No'), 'mailbox_full', 'RISKY', { holdsMs: 14 * day, score: 45 }],
    [
      'both accepted',
      probed({ rcpt: accepted, control: accepted }),
      'catch_all',
      'RISKY',
      { holdsMs: 90 * day, score: 55 },
    ],
    [
      'a service that calls it a catch-all',
      service({ reason: 'mailbox_accepted', catchAll: true }),
      'catch_all',
      'RISKY',
      { holdsMs: 90 * day, score: 55 },
    ],
    [
      'accepted, the control address refused',
      probed({ rcpt: accepted, control: noMailbox }),
      'mailbox_accepted',
      'VALID',
      { holdsMs: 90 * day, score: 95 },
    ],
    [
      'a role, accepted, the control address refused',
      { ...probed({ rcpt: accepted, control: noMailbox }), text: text({ role: true }) },
      'mailbox_accepted',
      'VALID',
      { holdsMs: 90 * day, score: 90 },
    ],
    [
      'a service that vouches for it',
      service({ reason: 'mailbox_accepted' }),
      'mailbox_accepted',
      'VALID',
      { holdsMs: 90 * day, score: 95 },
    ],
    [
      '450',
      rcpt(450, null, 'Try later'),
      'greylisted',
      'UNKNOWN',
      { holdsMs: 15 * minute, retryMs: 15 * minute, score: 30 },
    ],
    [
      '451 4.7.1',
      rcpt(451, '4.7.1', 'Come back'),
      'greylisted',
      'UNKNOWN',
      { holdsMs: 15 * minute, retryMs: 15 * minute, score: 30 },
    ],
    [
      '421',
      rcpt(421, null, 'Closing'),
      'rate_limited',
      'UNKNOWN',
      { holdsMs: 15 * minute, retryMs: 15 * minute, effect: 'slow_mx', score: 30 },
    ],
    [
      '452 4.5.3',
      rcpt(452, '4.5.3', 'Too many recipients'),
      'rate_limited',
      'UNKNOWN',
      { holdsMs: 15 * minute, retryMs: 15 * minute, effect: 'slow_mx', score: 30 },
    ],
    [
      '550 5.7.1',
      rcpt(550, '5.7.1', 'User unknown'),
      'blocked_by_policy',
      'UNKNOWN',
      { holdsMs: 7 * day, effect: 'open_circuit', score: 30 },
    ],
    [
      'a block list',
      rcpt(554, null, 'Listed at zen.spamhaus.org'),
      'blocked_by_policy',
      'UNKNOWN',
      { holdsMs: 7 * day, effect: 'open_circuit', score: 30 },
    ],
    [
      'no reverse DNS',
      rcpt(550, '5.7.25', 'No'),
      'sender_needs_rdns',
      'UNKNOWN',
      { holdsMs: 7 * day, effect: 'note_operator', score: 30 },
    ],
    [
      'STARTTLS first',
      probed({ mail: { code: 530, enhanced: '5.7.0', text: 'Must issue a STARTTLS command first' } }),
      'sender_needs_tls',
      'UNKNOWN',
      { holdsMs: 7 * day, effect: 'note_operator', score: 30 },
    ],
    [
      'SPF failed',
      rcpt(550, '5.7.23', 'No'),
      'sender_needs_spf',
      'UNKNOWN',
      { holdsMs: 7 * day, effect: 'note_operator', score: 30 },
    ],
    [
      'a port that nobody listens on',
      ended('connect_failed'),
      'connect_failed',
      'UNKNOWN',
      { holdsMs: 15 * minute, retryMs: 15 * minute, score: 30 },
    ],
    ['silence', ended('timeout'), 'timeout', 'UNKNOWN', { holdsMs: 15 * minute, retryMs: 15 * minute, score: 30 }],
    [
      'a cut connection',
      ended('dropped'),
      'dropped',
      'UNKNOWN',
      { holdsMs: 15 * minute, retryMs: 15 * minute, score: 30 },
    ],
    [
      'a blocked port 25',
      { domain: domain(mx), smtp: { port25: 'blocked', probes: [probe({}, 'connect_failed')] } },
      'port25_blocked',
      'UNKNOWN',
      { holdsMs: day, effect: 'stop_smtp', score: 30 },
    ],
    [
      'a provider that tells nothing',
      { domain: domain({ kind: 'mx', hosts: [host('mta5.am0.yahoodns.net')] }) },
      'provider_unprobeable',
      'UNKNOWN',
      { holdsMs: 30 * day, score: 30 },
    ],
    ['550 and no word', rcpt(550, null, 'No'), 'inconclusive', 'UNKNOWN', { holdsMs: 7 * day, score: 30 }],
    [
      'a domain that takes mail',
      { depth: 'DNS', domain: domain(mx) },
      'domain_accepts_mail',
      'UNKNOWN',
      { holdsMs: 7 * day, score: 60 },
    ],
    [
      'a domain without MX, with A',
      { depth: 'DNS', domain: domain({ kind: 'implicit', hosts: [host('acme.com')] }) },
      'domain_accepts_mail',
      'UNKNOWN',
      { holdsMs: 7 * day, score: 60 },
    ],
    ['a text in order', { depth: 'SYNTAX' }, 'syntax_ok', 'UNKNOWN', { holdsMs: null, score: 30 }],
  ]
  it.each(rows)('%s', (_what, given, reason, status, { sendable = true, holdsMs, retryMs, effect = null, score }) => {
    expect(verdict(evidence(given), defaultPolicy, now)).toMatchObject({
      reason,
      status,
      sendable,
      score,
      effect,
      holdsUntil: holdsMs === null ? null : after(holdsMs),
      retryAt: retryMs === undefined ? null : after(retryMs),
    })
  })

  it('stands above for every reason that there is', () => {
    expect(new Set(rows.map(([, , reason]) => reason))).toEqual(new Set(reasons))
  })
})

it('a service that met trouble of ours changes nothing for our own connections', () => {
  expect(verdict(evidence(service({ reason: 'blocked_by_policy' })), defaultPolicy, now).effect).toBeNull()
})

it('a service is not asked again by itself', () => {
  expect(verdict(evidence(service({ reason: 'greylisted' })), defaultPolicy, now)).toMatchObject({
    status: 'UNKNOWN',
    retryAt: null,
    holdsUntil: after(day),
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

describe('a flag', () => {
  const flags: (keyof Flags)[] = [
    'role',
    'free',
    'disposable',
    'catchAll',
    'fullMailbox',
    'disabled',
    'gibberish',
    'suppressed',
  ]
  it.each(flags)('%s stands beside the reason where the service says so', (flag) => {
    const made = verdict(
      evidence(service({ reason: 'mailbox_not_found', flags: { [flag]: true } })),
      defaultPolicy,
      now,
    )
    expect(Object.entries(made.flags).filter(([, is]) => is)).toEqual([[flag, true]])
  })

  it.each<[flag: keyof Flags, evidence: Partial<Evidence>]>([
    ['role', { text: text({ role: true }) }],
    ['free', { text: text({ free: true }) }],
    ['disposable', { text: text({ disposable: true }) }],
    ['disposable', { domain: { ...domain(mx), disposable: true } }],
    ['catchAll', probed({ rcpt: accepted, control: accepted })],
    ['fullMailbox', rcpt(552, '5.2.2', 'Mailbox full')],
    ['disabled', rcpt(550, '5.2.1', 'Mailbox disabled')],
    ['plusTag', { text: text({ plusTag: true }) }],
    ['gibberish', { text: text({ gibberish: true }) }],
    ['suppressed', { suppressed: true }],
  ])('%s stands beside the reason where we found it', (flag, given) => {
    const made = verdict(evidence(given), defaultPolicy, now)
    expect(Object.entries(made.flags).filter(([, is]) => is)).toEqual([[flag, true]])
  })
})

it('a suggestion is ours, else that of the service', () => {
  const said = service({ reason: 'mailbox_not_found', suggestion: 'b@acme.com' })
  expect(verdict(evidence(said), defaultPolicy, now).suggestion).toBe('b@acme.com')
  const both = evidence({ ...said, text: text({ suggestion: 'a@acme.com' }) })
  expect(verdict(both, defaultPolicy, now).suggestion).toBe('a@acme.com')
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

it('an address that its server has no way to be asked about is not tried again', () => {
  const made = verdict(evidence(probed({ greeting: accepted, ehlo: accepted, mail: accepted })), defaultPolicy, now)
  expect(made).toMatchObject({ reason: 'inconclusive', retryAt: null, holdsUntil: after(7 * day) })
})

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

it('holds from the moment when what it rests on was found out, not from now', () => {
  const stale = { ...domain(mx), at: after(-3 * day) }
  expect(verdict(evidence({ depth: 'DNS', domain: stale }), defaultPolicy, now).holdsUntil).toBe(after(4 * day))
  const said = { ...probe({ rcpt: noMailbox }), at: after(-day) }
  const made = verdict(evidence({ domain: stale, smtp: { port25: 'open', probes: [said] } }), defaultPolicy, now)
  expect(made.holdsUntil).toBe(after(179 * day))
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

describe('a next try', () => {
  it.each([
    [1, 15 * minute],
    [2, 60 * minute],
    [3, 240 * minute],
  ])('after try %i of a greylisted one comes in %i ms', (tries, delayMs) => {
    const made = verdict(evidence({ ...rcpt(450, null, 'later'), tries }), defaultPolicy, now)
    expect(made).toMatchObject({ retryAt: after(delayMs), holdsUntil: after(delayMs) })
  })

  it('does not come after the fourth; the verdict holds for a day', () => {
    const made = verdict(evidence({ ...rcpt(450, null, 'later'), tries: 4 }), defaultPolicy, now)
    expect(made).toMatchObject({ reason: 'greylisted', retryAt: null, holdsUntil: after(day) })
  })

  it('comes for a reply that cannot be read only where it said later', () => {
    expect(verdict(evidence(rcpt(451, '4.3.0', 'Oops')), defaultPolicy, now)).toMatchObject({
      reason: 'inconclusive',
      retryAt: after(15 * minute),
    })
    expect(verdict(evidence(rcpt(550, null, 'Oops')), defaultPolicy, now).retryAt).toBeNull()
  })
})

it('follows the policy that it is given', () => {
  const own = structuredClone(defaultPolicy)
  own.reasons.catch_all = { ...own.reasons.catch_all, status: 'VALID', holdsForMs: 1_000 }
  const made = verdict(evidence(probed({ rcpt: accepted, control: accepted })), own, now)
  expect(made).toMatchObject({ status: 'VALID', reason: 'catch_all', holdsUntil: after(1_000) })
})

it('is pure: the same for the same, and nothing given is changed', () => {
  const anyReply = fc.record({
    code: fc.integer({ min: 200, max: 599 }),
    enhanced: fc.option(fc.constantFrom('5.1.1', '5.7.1', '4.7.1', '5.2.2', '4.5.3')),
    text: fc.constantFrom('', 'User unknown', 'spamhaus', 'greylisted', 'mailbox full'),
  })
  const anyEvidence = fc.record({
    suppressed: fc.boolean(),
    replies: fc.record({ rcpt: anyReply, control: anyReply }, { requiredKeys: [] }),
    end: fc.constantFrom<SmtpEnd>('completed', 'timeout', 'dropped', 'garbage', 'connect_failed'),
    port25: fc.constantFrom('open' as const, 'blocked' as const),
    tries: fc.integer({ min: 1, max: 9 }),
  })
  fc.assert(
    fc.property(anyEvidence, ({ replies, end, port25, ...rest }) => {
      const given = evidence({ ...rest, domain: domain(mx), smtp: { port25, probes: [probe(replies, end)] } })
      const before = structuredClone(given)
      const made = verdict(given, defaultPolicy, now)
      expect(verdict(given, defaultPolicy, now)).toEqual(made)
      expect(given).toEqual(before)
      expect(JSON.parse(JSON.stringify(made))).toEqual(made)
      expect(reasons).toContain(made.reason)
      if (made.status === 'VALID') expect(Math.floor(replies.rcpt!.code / 100)).toBeLessThan(4)
    }),
  )
})

function evidence(given: Partial<Evidence>): Evidence {
  return { depth: 'SMTP', engine: 'builtin', at, tries: 1, text: text({}), ...given }
}

function text(given: Partial<TextFacts>): TextFacts {
  return {
    ok: true,
    address: 'info@acme.com',
    local: 'info',
    domain: 'acme.com',
    registrable: 'acme.com',
    tldKnown: true,
    role: false,
    free: false,
    disposable: false,
    plusTag: false,
    gibberish: false,
    suggestion: null,
    ...given,
  }
}

function refused(refusal: 'no_at' | 'local_too_long'): Partial<Evidence> {
  return { text: { ok: false, given: 'x', refusal, position: 0 } }
}

function domain(route: MailRoute): DomainFacts {
  return { domain: 'acme.com', at, route, disposable: false, catchAll: null }
}

function rcpt(code: number, enhanced: string | null, words: string, mxHost = 'mx.acme.com'): Partial<Evidence> {
  const said = { ...probe({ rcpt: { code, enhanced, text: words } }), host: mxHost }
  return { domain: domain(mx), smtp: { port25: 'open', probes: [said] } }
}

function probed(replies: SmtpProbe['replies']): Partial<Evidence> {
  return { domain: domain(mx), smtp: { port25: 'open', probes: [probe(replies)] } }
}

function ended(end: SmtpEnd): Partial<Evidence> {
  return { domain: domain(mx), smtp: { port25: 'open', probes: [probe({}, end)] } }
}

function service(said: Partial<ServiceFindings>): Partial<Evidence> {
  const findings = {
    reason: 'inconclusive',
    flags: {},
    suggestion: null,
    score: null,
    catchAll: null,
    words: '',
  } as const
  return {
    engine: 'hunter',
    domain: domain(mx),
    service: { service: 'hunter', at, raw: {}, said: { ...findings, ...said } },
  }
}

function probe(replies: SmtpProbe['replies'], end: SmtpEnd = 'completed'): SmtpProbe {
  return { at, host: 'mx.acme.com', ip: '198.51.100.1', end, stage: 'rcpt', replies, transcript: [] }
}

function host(name: string) {
  return { host: name, priority: 10, addresses: ['198.51.100.1'], refused: [], error: null }
}
