import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Seen } from './evidence.ts'
import { defaultPolicy } from './policy.ts'
import { score } from './score.ts'
import { reasons } from './terms.ts'
import type { Flags, Reason } from './terms.ts'

const now = new Date('2026-03-01T12:00:00.000Z')
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString()
const none: Flags = {
  role: false,
  free: false,
  disposable: false,
  catchAll: false,
  fullMailbox: false,
  disabled: false,
  plusTag: false,
  gibberish: false,
  suppressed: false,
}
const once: Seen = {
  ownSite: false,
  stillOnPage: false,
  sources: 1,
  patternMatch: false,
  nameMatch: false,
  generatedOnly: false,
  lastSeenAt: daysAgo(1),
}

describe('the score', () => {
  it.each<[what: string, reason: Reason, flags: Partial<Flags>, seen: Partial<Seen>, points: number]>([
    ['starts at 95 for VALID', 'mailbox_accepted', {}, {}, 95],
    ['starts at 55 for a catch-all', 'catch_all', {}, {}, 55],
    ['starts at 45 for another RISKY one', 'mailbox_full', {}, {}, 45],
    ['starts at 60 for a domain that takes mail', 'domain_accepts_mail', {}, {}, 60],
    ['starts at 30 for another UNKNOWN one', 'greylisted', {}, {}, 30],
    ['starts at 0 for INVALID', 'mailbox_not_found', {}, {}, 0],
    ['adds 10 for the own site that still shows it', 'greylisted', {}, { ownSite: true, stillOnPage: true }, 40],
    ['adds nothing for the own site that shows it no more', 'greylisted', {}, { ownSite: true }, 30],
    ['adds nothing for another site that still shows it', 'greylisted', {}, { stillOnPage: true }, 30],
    ['adds 3 for a second source', 'greylisted', {}, { sources: 2 }, 33],
    ['adds 9 for further sources at most', 'greylisted', {}, { sources: 50 }, 39],
    ['takes no source for one', 'greylisted', {}, { sources: 0 }, 30],
    ['adds 8 for a pattern', 'greylisted', {}, { patternMatch: true }, 38],
    ['adds 5 for a name', 'greylisted', {}, { nameMatch: true }, 35],
    ['takes 5 for a role', 'greylisted', { role: true }, {}, 25],
    ['takes 20 for gibberish', 'greylisted', { gibberish: true }, {}, 10],
    ['takes 10 where it was not seen for a year', 'greylisted', {}, { lastSeenAt: daysAgo(366) }, 20],
    ['takes nothing within the year', 'greylisted', {}, { lastSeenAt: daysAgo(364) }, 30],
    ['takes 15 where it is only generated', 'greylisted', {}, { generatedOnly: true }, 15],
    ['is never below 0', 'greylisted', { role: true, gibberish: true }, { generatedOnly: true }, 0],
    ['is 5 for INVALID at most', 'mailbox_not_found', {}, { patternMatch: true }, 5],
    [
      'is 75 for a catch-all at most',
      'catch_all',
      {},
      { ownSite: true, stillOnPage: true, sources: 9, nameMatch: true },
      75,
    ],
    [
      'is 70 at most where only the domain was asked',
      'domain_accepts_mail',
      {},
      { ownSite: true, stillOnPage: true, sources: 9 },
      70,
    ],
    ['is 100 at most', 'mailbox_accepted', {}, { ownSite: true, stillOnPage: true }, 100],
  ])('%s', (_what, reason, flags, seen, points) => {
    expect(score(reason, { ...none, ...flags }, { ...once, ...seen }, defaultPolicy, now)).toBe(points)
  })

  it('needs nothing but the reason', () => {
    expect(score('mailbox_accepted', none, undefined, defaultPolicy, now)).toBe(95)
  })

  it('is a whole number from 0 to 100, at most 80 where nothing is verified and 5 where it is known to be wrong', () => {
    const seen = fc.record<Seen>({
      ownSite: fc.boolean(),
      stillOnPage: fc.boolean(),
      sources: fc.nat(1000),
      patternMatch: fc.boolean(),
      nameMatch: fc.boolean(),
      generatedOnly: fc.boolean(),
      lastSeenAt: fc.option(fc.nat(4000).map(daysAgo)),
    })
    fc.assert(
      fc.property(fc.constantFrom(...reasons), fc.boolean(), fc.boolean(), seen, (reason, role, gibberish, met) => {
        const points = score(reason, { ...none, role, gibberish }, met, defaultPolicy, now)
        const most = { VALID: 100, RISKY: 100, UNKNOWN: 80, INVALID: 5 }[defaultPolicy.reasons[reason].status]
        expect(Number.isInteger(points) && points >= 0 && points <= most).toBe(true)
      }),
    )
  })
})
