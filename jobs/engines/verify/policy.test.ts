import { expect, test } from 'vitest'

import { defaultPolicy, type Effect } from './policy.ts'
import { type Reason, reasons, type Status } from './terms.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

interface Row {
  status: Status
  score: number
  scoreCap: number | null
  sendable: boolean
  /** Null: for ever. */
  holdsForMs: number | null
  retryAfterMs: readonly number[]
  effect: Effect | null
}

const scores = {
  VALID: { score: 95, scoreCap: null },
  RISKY: { score: 45, scoreCap: null },
  INVALID: { score: 0, scoreCap: 5 },
  UNKNOWN: { score: 30, scoreCap: 80 },
} satisfies Record<Status, Pick<Row, 'score' | 'scoreCap'>>

const row = (status: Status, holdsForMs: number | null, more: Partial<Row> = {}): Row => ({
  status,
  ...scores[status],
  sendable: status !== 'INVALID',
  holdsForMs,
  retryAfterMs: [],
  effect: null,
  ...more,
})
const barred = { sendable: false }
// Greylisting: after 15 minutes, an hour, four hours; what is left undecided then is a day later.
const later = { retryAfterMs: [15 * minute, hour, 4 * hour] }

/** The taxonomy, row by row: what a verdict with that reason is, and for how long. */
const taxonomy: Record<Reason, Row> = {
  syntax_invalid: row('INVALID', null),
  local_too_long: row('INVALID', null),
  tld_unknown: row('INVALID', null),
  suppressed: row('RISKY', null, barred),
  legal_refusal: row('RISKY', null, barred),
  domain_not_found: row('INVALID', 7 * day),
  null_mx: row('INVALID', 7 * day),
  no_mail_host: row('INVALID', 7 * day),
  unroutable_mx: row('INVALID', 7 * day),
  typo_domain: row('RISKY', 30 * day),
  dns_error: row('UNKNOWN', day, { retryAfterMs: [minute, 5 * minute, 30 * minute, 2 * hour] }),
  spamtrap: row('RISKY', 180 * day, barred),
  abuse: row('RISKY', 180 * day, barred),
  toxic: row('RISKY', 180 * day, barred),
  disposable: row('RISKY', 30 * day, barred),
  mailbox_not_found: row('INVALID', 180 * day),
  mailbox_disabled: row('INVALID', 90 * day),
  mailbox_full: row('RISKY', 14 * day),
  catch_all: row('RISKY', 90 * day, { score: 55, scoreCap: 75 }),
  mailbox_accepted: row('VALID', 90 * day),
  greylisted: row('UNKNOWN', day, later),
  rate_limited: row('UNKNOWN', day, { ...later, effect: 'slow_mx' }),
  blocked_by_policy: row('UNKNOWN', 7 * day, { effect: 'open_circuit' }),
  sender_needs_rdns: row('UNKNOWN', 7 * day, { effect: 'note_operator' }),
  sender_needs_tls: row('UNKNOWN', 7 * day, { effect: 'note_operator' }),
  sender_needs_spf: row('UNKNOWN', 7 * day, { effect: 'note_operator' }),
  connect_failed: row('UNKNOWN', day, later),
  timeout: row('UNKNOWN', day, later),
  dropped: row('UNKNOWN', day, later),
  port25_blocked: row('UNKNOWN', day, { effect: 'stop_smtp' }),
  provider_unprobeable: row('UNKNOWN', 30 * day),
  inconclusive: row('UNKNOWN', 7 * day, later),
  domain_accepts_mail: row('UNKNOWN', 7 * day, { score: 60, scoreCap: 70 }),
  syntax_ok: row('UNKNOWN', null),
}

test.each(reasons)('%s', (reason) => {
  expect(defaultPolicy.reasons[reason]).toEqual(taxonomy[reason])
})

test('of several reasons the first in this order is the verdict’s', () => {
  expect(reasons).toEqual(Object.keys(taxonomy))
})

test('manners towards mail servers', () => {
  const { connectMs, replyMs, connections, recipients, perHour, perDay } = defaultPolicy.manners
  expect([connectMs, replyMs]).toEqual([10_000, 45_000])
  expect(connections).toBeOneOf([1, 2])
  expect(recipients).toBeOneOf([3, 4, 5])
  expect(perHour).toBeGreaterThan(0)
  expect(perDay).toBeGreaterThan(perHour)
  // A control probe a domain.
  expect(defaultPolicy.catchAllHoldsForMs).toBeGreaterThanOrEqual(7 * day)
  expect(defaultPolicy.catchAllHoldsForMs).toBeLessThanOrEqual(30 * day)
})
