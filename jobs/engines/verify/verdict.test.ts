import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  accepted,
  after,
  day,
  domain,
  ended,
  evidence,
  host,
  minute,
  mx,
  noMailbox,
  now,
  probe,
  probed,
  rcpt,
  refused,
  service,
  text,
} from '../../../test/support/evidence.ts'
import type { Evidence, SmtpEnd } from './evidence.ts'
import { defaultPolicy } from './policy.ts'
import type { Effect } from './policy.ts'
import { reasons } from './terms.ts'
import type { Flags, Reason } from './terms.ts'
import { verdict } from './verdict.ts'
import type { Verdict } from './verdict.ts'

describe('a row of the table', () => {
  type Row = [what: string, evidence: Partial<Evidence>, reason: Reason, outcome: Partial<Verdict>]
  const rows: Row[] = [
    ['no address', refused('no_at'), 'syntax_invalid', invalid(null)],
    ['65 octets before the @', refused('local_too_long'), 'local_too_long', invalid(null)],
    ['an ending that nobody runs', { text: text({ tldKnown: false }), depth: 'SYNTAX' }, 'tld_unknown', invalid(null)],
    ['suppressed', { suppressed: true }, 'suppressed', barred(null)],
    ['an objection by law', service({ reason: 'legal_refusal' }), 'legal_refusal', barred(null)],
    ['no such domain', { domain: domain({ kind: 'not_found' }) }, 'domain_not_found', invalid(7 * day)],
    ['a null MX', { domain: domain({ kind: 'null_mx' }) }, 'null_mx', invalid(7 * day)],
    ['neither MX nor A', { domain: domain({ kind: 'no_mail_host', hosts: [] }) }, 'no_mail_host', invalid(7 * day)],
    [
      'an MX at a private address',
      { domain: domain({ kind: 'unroutable', hosts: [] }) },
      'unroutable_mx',
      invalid(7 * day),
    ],
    ['a typing error in the domain', { text: text({ suggestion: 'info@acme.com' }) }, 'typo_domain', risky(30 * day)],
    [
      'a DNS that fails',
      { domain: domain({ kind: 'dns_error', code: 'SERVFAIL', hosts: [] }) },
      'dns_error',
      later(minute),
    ],
    ['a spam trap', service({ reason: 'spamtrap' }), 'spamtrap', barred(180 * day)],
    ['one who complains', service({ reason: 'abuse' }), 'abuse', barred(180 * day)],
    ['a toxic address', service({ reason: 'toxic' }), 'toxic', barred(180 * day)],
    ['a disposable domain', { text: text({ disposable: true }) }, 'disposable', barred(30 * day)],
    [
      'a domain whose mail goes to a disposable one',
      { domain: { ...domain(mx), disposable: true } },
      'disposable',
      barred(30 * day),
    ],
    ['550 5.1.1', rcpt(550, '5.1.1', 'User unknown'), 'mailbox_not_found', invalid(180 * day)],
    [
      "Microsoft's 5.4.1",
      rcpt(550, '5.4.1', 'Recipient address rejected: Access denied.', 'acme-com.mail.protection.outlook.com'),
      'mailbox_not_found',
      invalid(180 * day),
    ],
    [
      "Microsoft's 5.1.10",
      rcpt(550, '5.1.10', 'RESOLVER.ADR.RecipientNotFound', 'acme-com.mail.protection.outlook.com'),
      'mailbox_not_found',
      invalid(180 * day),
    ],
    ['550 5.2.1', rcpt(550, '5.2.1', 'Mailbox disabled'), 'mailbox_disabled', invalid(90 * day)],
    ['452 4.2.2', rcpt(452, '4.2.2', 'Over quota'), 'mailbox_full', risky(14 * day)],
    ['552 5.2.2', rcpt(552, '5.2.2', 'Mailbox full'), 'mailbox_full', risky(14 * day)],
    ['552', rcpt(552, null, 'No'), 'mailbox_full', risky(14 * day)],
    ['both accepted', probed({ rcpt: accepted, control: accepted }), 'catch_all', risky(90 * day, 55)],
    [
      'a service that calls it a catch-all',
      service({ reason: 'mailbox_accepted', catchAll: true }),
      'catch_all',
      risky(90 * day, 55),
    ],
    [
      'accepted, the control address refused',
      probed({ rcpt: accepted, control: noMailbox }),
      'mailbox_accepted',
      valid(90 * day, 95),
    ],
    [
      'a role, accepted, the control address refused',
      { ...probed({ rcpt: accepted, control: noMailbox }), text: text({ role: true }) },
      'mailbox_accepted',
      valid(90 * day, 90),
    ],
    ['a service that vouches for it', service({ reason: 'mailbox_accepted' }), 'mailbox_accepted', valid(90 * day, 95)],
    ['450', rcpt(450, null, 'Try later'), 'greylisted', later(15 * minute)],
    ['451 4.7.1', rcpt(451, '4.7.1', 'Come back'), 'greylisted', later(15 * minute)],
    ['421', rcpt(421, null, 'Closing'), 'rate_limited', later(15 * minute, 'slow_mx')],
    ['452 4.5.3', rcpt(452, '4.5.3', 'Too many recipients'), 'rate_limited', later(15 * minute, 'slow_mx')],
    ['550 5.7.1', rcpt(550, '5.7.1', 'User unknown'), 'blocked_by_policy', unknown(7 * day, 30, 'open_circuit')],
    [
      'a block list',
      rcpt(554, null, 'Listed at zen.spamhaus.org'),
      'blocked_by_policy',
      unknown(7 * day, 30, 'open_circuit'),
    ],
    ['no reverse DNS', rcpt(550, '5.7.25', 'No'), 'sender_needs_rdns', unknown(7 * day, 30, 'note_operator')],
    [
      'STARTTLS first',
      probed({ mail: { code: 530, enhanced: '5.7.0', text: 'Must issue a STARTTLS command first' } }),
      'sender_needs_tls',
      unknown(7 * day, 30, 'note_operator'),
    ],
    ['SPF failed', rcpt(550, '5.7.23', 'No'), 'sender_needs_spf', unknown(7 * day, 30, 'note_operator')],
    ['a port that nobody listens on', ended('connect_failed'), 'connect_failed', later(15 * minute)],
    ['silence', ended('timeout'), 'timeout', later(15 * minute)],
    ['a cut connection', ended('dropped'), 'dropped', later(15 * minute)],
    [
      'a blocked port 25',
      { domain: domain(mx), smtp: { port25: 'blocked', probes: [probe({}, 'connect_failed')] } },
      'port25_blocked',
      unknown(day, 30, 'stop_smtp'),
    ],
    [
      'a provider that tells nothing',
      { domain: domain({ kind: 'mx', hosts: [host('mta5.am0.yahoodns.net')] }) },
      'provider_unprobeable',
      unknown(30 * day),
    ],
    ['550 and no word', rcpt(550, null, 'No'), 'inconclusive', unknown(7 * day)],
    ['a domain that takes mail', { depth: 'DNS', domain: domain(mx) }, 'domain_accepts_mail', unknown(7 * day, 60)],
    [
      'a domain without MX, with A',
      { depth: 'DNS', domain: domain({ kind: 'implicit', hosts: [host('acme.com')] }) },
      'domain_accepts_mail',
      unknown(7 * day, 60),
    ],
    ['a text in order', { depth: 'SYNTAX' }, 'syntax_ok', unknown(null)],
  ]
  it.each(rows)('%s', (_what, given, reason, outcome) => {
    expect(verdict(evidence(given), defaultPolicy, now)).toMatchObject({ reason, ...outcome })
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

it('an address that its server has no way to be asked about is not tried again', () => {
  const made = verdict(evidence(probed({ greeting: accepted, ehlo: accepted, mail: accepted })), defaultPolicy, now)
  expect(made).toMatchObject({ reason: 'inconclusive', retryAt: null, holdsUntil: after(7 * day) })
})

it('holds from the moment when what it rests on was found out, not from now', () => {
  const stale = { ...domain(mx), at: after(-3 * day) }
  expect(verdict(evidence({ depth: 'DNS', domain: stale }), defaultPolicy, now).holdsUntil).toBe(after(4 * day))
  const said = { ...probe({ rcpt: noMailbox }), at: after(-day) }
  const made = verdict(evidence({ domain: stale, smtp: { port25: 'open', probes: [said] } }), defaultPolicy, now)
  expect(made.holdsUntil).toBe(after(179 * day))
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

/** `null`: for ever. */
function holding(holdsMs: number | null): Pick<Verdict, 'holdsUntil' | 'retryAt'> {
  return { holdsUntil: holdsMs === null ? null : after(holdsMs), retryAt: null }
}

function invalid(holdsMs: number | null): Partial<Verdict> {
  return { status: 'INVALID', score: 0, sendable: false, effect: null, ...holding(holdsMs) }
}

function barred(holdsMs: number | null): Partial<Verdict> {
  return { status: 'RISKY', score: 45, sendable: false, effect: null, ...holding(holdsMs) }
}

function risky(holdsMs: number, score = 45): Partial<Verdict> {
  return { status: 'RISKY', score, sendable: true, effect: null, ...holding(holdsMs) }
}

function valid(holdsMs: number, score: number): Partial<Verdict> {
  return { status: 'VALID', score, sendable: true, effect: null, ...holding(holdsMs) }
}

function unknown(holdsMs: number | null, score = 30, effect: Effect | null = null): Partial<Verdict> {
  return { status: 'UNKNOWN', score, sendable: true, effect, ...holding(holdsMs) }
}

function later(delayMs: number, effect: Effect | null = null): Partial<Verdict> {
  return { ...unknown(delayMs, 30, effect), retryAt: after(delayMs) }
}
