import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { ServiceFindings } from '../evidence.ts'
import { reasons, services } from '../terms.ts'
import type { Flags, Reason, Service } from '../terms.ts'
import type { FailureKind, HttpAnswer } from './answer.ts'
import { hunterResetDate } from './hunter.ts'
import { readMailssoBatch } from './mailsso.ts'
import { readAnswer } from './read-answer.ts'
import { readZerobounceBatch } from './zerobounce.ts'

const http = (status: number, body: unknown): HttpAnswer => ({
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  retryAfterMs: null,
})
const html = '<!doctype html><title>502 Bad Gateway</title>'

type Finding = [said: object, reason: Reason, more?: Partial<ServiceFindings>]
type Refusal = [what: string, status: number, body: unknown, kind: FailureKind]

function finds(service: Service, wrap: (said: object) => object, rows: Finding[]): void {
  it.each(rows)('%j: %s', (said, reason, more = {}) => {
    const body = wrap(said)
    const answer = readAnswer(service, http(200, body))
    expect(answer).toMatchObject({ kind: 'findings', raw: body, said: { reason, ...more } })
  })
}

function fails(service: Service, rows: Refusal[]): void {
  it.each(rows)('%s', (_what, status, body, kind) => {
    expect(readAnswer(service, http(status, body))).toMatchObject({ kind: 'failure', failure: { kind } })
  })
}

describe('hunter', () => {
  finds('hunter', (data) => ({ data, meta: {} }), [
    [
      { status: 'valid', score: 97, accept_all: false },
      'mailbox_accepted',
      { score: 97, catchAll: false, words: 'valid' },
    ],
    [{ status: 'valid', accept_all: true }, 'catch_all', { catchAll: true }],
    [{ status: 'accept_all', accept_all: true }, 'catch_all', { catchAll: true }],
    [{ status: 'invalid', regexp: false }, 'syntax_invalid'],
    [{ status: 'invalid', regexp: true, mx_records: false }, 'no_mail_host'],
    [{ status: 'invalid', regexp: true, mx_records: true, smtp_check: false }, 'mailbox_not_found', { catchAll: null }],
    [{ status: 'disposable', disposable: true }, 'disposable', { flags: { disposable: true } }],
    [{ status: 'webmail', webmail: true, smtp_check: true }, 'mailbox_accepted', { flags: { free: true } }],
    [{ status: 'webmail', webmail: true, smtp_check: false }, 'inconclusive'],
    [{ status: 'webmail', webmail: true, smtp_check: true, accept_all: true }, 'inconclusive'],
    [
      { status: 'unknown', block: true, accept_all: false, gibberish: true },
      'inconclusive',
      { catchAll: null, flags: { gibberish: true } },
    ],
    [{ status: 'brand_new_word' }, 'inconclusive', { words: 'brand_new_word' }],
    [{}, 'inconclusive'],
  ])

  const error = (id: string, code: number) => ({ errors: [{ id, code, details: 'words' }] })
  fails('hunter', [
    ['a wrong parameter is ours to fix', 400, error('wrong_params', 400), 'ours-to-fix'],
    ['401 is the key', 401, error('no_user', 401), 'key'],
    ['403 means slow down', 403, error('too_many_requests', 403), 'slow-down'],
    ['404 is ours to fix', 404, error('not_found', 404), 'ours-to-fix'],
    ['422 is ours to fix', 422, error('invalid_type', 422), 'ours-to-fix'],
    ['429 means that the plan is used up', 429, error('too_many_requests', 429), 'quota'],
    ['451 is an objection', 451, error('claimed_email', 451), 'suppress'],
    ['451 without a body is one too', 451, '', 'suppress'],
    ['an objection by its id counts whatever the status', 400, error('claimed_email', 400), 'suppress'],
    ['222 comes back later', 222, { data: { status: 'valid' } }, 'retry'],
    ['500 comes back later', 500, html, 'retry'],
    ['HTML with 200 comes back later', 200, html, 'retry'],
    ['a body without data comes back later', 200, { meta: {} }, 'retry'],
    ['a cut body comes back later', 200, '{"data":{"status":"val', 'retry'],
    ['another place is ours to fix', 301, html, 'ours-to-fix'],
  ])

  it('202 asks for the same again', () => {
    expect(readAnswer('hunter', http(202, { data: { status: 'unknown' } }))).toEqual({ kind: 'pending' })
  })

  it('says what went wrong in its own words, and how long to wait where it was said', () => {
    const answer = { ...http(403, error('rate', 403)), retryAfterMs: 2_000 }
    expect(readAnswer('hunter', answer)).toEqual({
      kind: 'failure',
      failure: { kind: 'slow-down', message: 'rate: words', afterMs: 2_000, until: null },
    })
  })

  it('tells when there are calls again', () => {
    expect(hunterResetDate('{"data":{"reset_date":"2026-12-05"}}')).toBe('2026-12-05T00:00:00.000Z')
    expect(hunterResetDate('{"data":{"reset_date":"soon"}}')).toBeNull()
    expect(hunterResetDate(html)).toBeNull()
  })
})

describe('mailsso', () => {
  finds('mailsso', (data) => ({ data, error: null }), [
    [{ result: 'deliverable', reason: 'accepted_email', score: 90 }, 'mailbox_accepted', { score: 90 }],
    [{ result: 'deliverable', isv_nocatchall: true }, 'mailbox_accepted', { catchAll: false }],
    [{ result: 'deliverable', isv_nocatchall: false }, 'catch_all', { catchAll: true }],
    [{ result: 'deliverable', isv_nogeneric: false }, 'mailbox_accepted', { flags: { role: true } }],
    [{ result: 'deliverable', isv_nogeneric: true, is_free: true }, 'mailbox_accepted', { flags: { free: true } }],
    [{ result: 'deliverable', isv_noblock: false }, 'inconclusive'],
    [{ result: 'deliverable', isv_mx: null }, 'mailbox_accepted'],
    [{ result: 'risky', isv_nocatchall: false }, 'catch_all'],
    [{ result: 'risky', is_disposable: true }, 'disposable', { flags: { disposable: true } }],
    [{ result: 'risky' }, 'inconclusive'],
    [{ result: 'undeliverable', reason: 'invalid_format', isv_format: false }, 'syntax_invalid'],
    [{ result: 'undeliverable', reason: 'invalid_domain', isv_domain: false }, 'domain_not_found'],
    [{ result: 'undeliverable', isv_format: true, isv_domain: false }, 'domain_not_found'],
    [{ result: 'undeliverable', isv_format: true, isv_domain: true, isv_mx: false }, 'no_mail_host'],
    [{ result: 'undeliverable', isv_format: true, isv_domain: true, isv_mx: null }, 'mailbox_not_found'],
    [{ result: 'undeliverable', did_you_mean: 'a@gmail.com' }, 'mailbox_not_found', { suggestion: 'a@gmail.com' }],
    [{ result: 'unknown', reason: 'anything' }, 'inconclusive', { words: 'unknown/anything' }],
    [{ result: 'brand_new_word' }, 'inconclusive'],
  ])

  const error = (said: string) => ({ data: null, error: said })
  fails('mailsso', [
    ['400 is ours to fix', 400, error('Invalid email'), 'ours-to-fix'],
    ['401 is the key', 401, error('Unauthorized.'), 'key'],
    ['401 is the plan where the words say so', 401, error('Paid subscription required to use the API.'), 'quota'],
    ['429 means slow down', 429, error('Too many requests'), 'slow-down'],
    ['503 comes back later', 503, html, 'retry'],
    ['an error with 200 comes back later', 200, error('Something went wrong'), 'retry'],
  ])

  it('a batch runs, and is then read by address', () => {
    expect(readMailssoBatch(http(200, { id: 'b1', finished_at: null, size: 2 }))).toEqual({ kind: 'running', id: 'b1' })
    const row = { email: 'Anna@acme.com', result: 'deliverable' }
    const done = readMailssoBatch(
      http(200, { id: 'b1', finished_at: '2026-01-01', emails: [row, null, 7, { result: 'risky' }] }),
    )
    expect(done).toMatchObject({ kind: 'finished', id: 'b1' })
    const { said } = done as Extract<typeof done, { kind: 'finished' }>
    expect(Array.from(said)).toMatchObject([['anna@acme.com', { raw: row, said: { reason: 'mailbox_accepted' } }]])
  })

  it.each<[status: number, body: unknown, kind: FailureKind]>([
    [401, { data: null, error: 'Unauthorized.' }, 'key'],
    [200, html, 'retry'],
    [200, { name: 'no id' }, 'retry'],
  ])('a batch answered with %i fails like any other call', (status, body, kind) => {
    expect(readMailssoBatch(http(status, body))).toMatchObject({ kind: 'failure', failure: { kind } })
  })
})

describe('zerobounce', () => {
  finds('zerobounce', (said) => said, [
    [
      { status: 'valid', sub_status: '', free_email: true },
      'mailbox_accepted',
      { flags: { free: true }, catchAll: false },
    ],
    [{ status: 'valid', sub_status: 'accept_all' }, 'catch_all', { catchAll: true, words: 'valid/accept_all' }],
    [{ status: 'valid', sub_status: 'role_based_accept_all' }, 'catch_all', { flags: { role: true } }],
    [{ status: 'valid', sub_status: 'alias_address' }, 'mailbox_accepted'],
    [{ status: 'catch-all', sub_status: '' }, 'catch_all', { catchAll: true }],
    [{ status: 'invalid', sub_status: 'mailbox_not_found', mx_found: 'true' }, 'mailbox_not_found'],
    [{ status: 'invalid', sub_status: '', mx_found: 'false' }, 'no_mail_host'],
    [{ status: 'invalid', sub_status: '', mx_found: 'true' }, 'mailbox_not_found'],
    [{ status: 'invalid', sub_status: 'failed_syntax_check' }, 'syntax_invalid'],
    [{ status: 'invalid', sub_status: 'no_dns_entries' }, 'no_mail_host'],
    [{ status: 'invalid', sub_status: 'does_not_accept_mail' }, 'no_mail_host'],
    [{ status: 'invalid', sub_status: 'unroutable_ip_address' }, 'unroutable_mx'],
    [
      { status: 'invalid', sub_status: 'possible_typo', did_you_mean: 'a@gmail.com' },
      'typo_domain',
      { suggestion: 'a@gmail.com' },
    ],
    [{ status: 'invalid', sub_status: 'mailbox_quota_exceeded' }, 'mailbox_full'],
    [{ status: 'spamtrap' }, 'spamtrap'],
    [{ status: 'abuse' }, 'abuse'],
    [{ status: 'do_not_mail', sub_status: 'disposable' }, 'disposable', { flags: { disposable: true } }],
    [{ status: 'do_not_mail', sub_status: 'toxic' }, 'toxic'],
    [{ status: 'do_not_mail', sub_status: 'possible_trap' }, 'spamtrap'],
    [{ status: 'do_not_mail', sub_status: 'global_suppression' }, 'abuse'],
    [{ status: 'do_not_mail', sub_status: 'role_based' }, 'inconclusive', { flags: { role: true } }],
    [{ status: 'do_not_mail', sub_status: 'role_based_catch_all' }, 'catch_all', { flags: { role: true } }],
    [{ status: 'unknown', sub_status: 'greylisted' }, 'greylisted'],
    [{ status: 'unknown', sub_status: 'timeout_exceeded' }, 'timeout'],
    [{ status: 'unknown', sub_status: 'failed_smtp_connection' }, 'connect_failed'],
    [{ status: 'unknown', sub_status: 'forcible_disconnect' }, 'dropped'],
    [{ status: 'unknown', sub_status: 'antispam_system' }, 'inconclusive'],
    [{ status: 'brand_new_word' }, 'inconclusive'],
  ])

  fails('zerobounce', [
    ['400 is ours to fix', 400, { error: 'Missing parameter: email' }, 'ours-to-fix'],
    ['404 is ours to fix', 404, html, 'ours-to-fix'],
    ['403 is its shield', 403, html, 'slow-down'],
    ['the key is told by its words', 200, { error: 'Invalid API key or your account ran out of credits' }, 'key'],
    ['so is a plan that is used up', 200, { error: 'Your account has no credits left' }, 'quota'],
    ['429 means slow down', 429, '', 'slow-down'],
    ['500 comes back later', 500, '', 'retry'],
  ])

  it('a batch is read by address, errors apart', () => {
    const row = { address: 'anna@acme.com', status: 'valid', sub_status: '' }
    const body = { email_batch: [row], errors: [{ error: 'Invalid email', email_address: 'B@acme.com' }] }
    expect(readZerobounceBatch(http(200, body))).toMatchObject({
      kind: 'finished',
      said: new Map([['anna@acme.com', { said: expect.objectContaining({ reason: 'mailbox_accepted' }), raw: row }]]),
      errors: new Map([['b@acme.com', 'Invalid email']]),
    })
  })

  it('a batch that is refused is a failure', () => {
    const body = { errors: [{ error: 'Invalid API Key', email_address: 'all' }] }
    expect(readZerobounceBatch(http(200, body))).toMatchObject({ kind: 'failure', failure: { kind: 'key' } })
    expect(readZerobounceBatch(http(400, {}))).toMatchObject({ kind: 'failure', failure: { kind: 'ours-to-fix' } })
  })
})

describe('neverbounce', () => {
  finds('neverbounce', (said) => ({ status: 'success', ...said }), [
    [{ result: 'valid', flags: ['has_dns', 'free_email_host'] }, 'mailbox_accepted', { flags: { free: true } }],
    [{ result: 'valid', flags: ['accepts_all'] }, 'catch_all', { catchAll: true }],
    [{ result: 'valid', flags: ['spamtrap_network'] }, 'spamtrap'],
    [{ result: 'invalid', flags: ['bad_syntax'] }, 'syntax_invalid'],
    [{ result: 'invalid', flags: ['bad_dns'] }, 'domain_not_found'],
    [{ result: 'invalid', flags: ['has_dns', 'has_dns_mx'] }, 'mailbox_not_found'],
    [{ result: 'disposable', flags: ['disposable_email'] }, 'disposable', { flags: { disposable: true } }],
    [{ result: 'catchall', flags: ['role_account'] }, 'catch_all', { flags: { role: true } }],
    [{ result: 'unknown', flags: ['connect_fails'] }, 'connect_failed'],
    [{ result: 'unknown', flags: [] }, 'inconclusive'],
    [{ result: 'invalid', suggested_correction: 'a@gmail.com' }, 'mailbox_not_found', { suggestion: 'a@gmail.com' }],
    [{ result: 'invalid', suggested_correction: '' }, 'mailbox_not_found', { suggestion: null }],
    [{ result: 'brand_new_word', flags: 'none' }, 'inconclusive'],
  ])

  const refused = (status: string, message = '') => ({ status, message })
  fails('neverbounce', [
    ['a general failure is ours to fix', 200, refused('general_failure', 'Missing required parameter'), 'ours-to-fix'],
    [
      'a plan that is used up comes as a general failure',
      200,
      refused('general_failure', 'Insufficient credits'),
      'quota',
    ],
    ['a failed login is the key', 200, refused('auth_failure'), 'key'],
    ['a caller that it does not list is the key', 200, refused('bad_referrer'), 'key'],
    ['a pause of theirs comes back later', 200, refused('temp_unavail'), 'retry'],
    ['a throttle means slow down', 200, refused('throttle_triggered'), 'slow-down'],
    ['a word that nobody knows comes back later', 200, refused('brand_new_word'), 'retry'],
    ['413 is ours to fix', 413, html, 'ours-to-fix'],
    ['HTML comes back later', 200, html, 'retry'],
  ])
})

describe('reacher', () => {
  const smtp = {
    can_connect_smtp: true,
    has_full_inbox: false,
    is_catch_all: false,
    is_deliverable: true,
    is_disabled: false,
  }
  const whole = {
    input: 'a@acme.com',
    is_reachable: 'safe',
    misc: { is_disposable: false, is_role_account: false },
    mx: { accepts_mail: true, records: ['mx.acme.com.'] },
    smtp,
    syntax: { is_valid_syntax: true, suggestion: null },
  }
  finds('reacher', (said) => ({ ...whole, ...said }), [
    [{}, 'mailbox_accepted', { catchAll: false }],
    [{ misc: { is_role_account: true } }, 'mailbox_accepted', { flags: { role: true } }],
    [{ is_reachable: 'risky', smtp: { ...smtp, is_catch_all: true } }, 'catch_all', { catchAll: true }],
    [
      { is_reachable: 'risky', smtp: { ...smtp, has_full_inbox: true } },
      'mailbox_full',
      { flags: { fullMailbox: true } },
    ],
    [{ is_reachable: 'risky', misc: { is_disposable: true } }, 'disposable', { flags: { disposable: true } }],
    [{ is_reachable: 'invalid', smtp: { ...smtp, is_deliverable: false } }, 'mailbox_not_found', { catchAll: null }],
    [
      { is_reachable: 'invalid', smtp: { ...smtp, is_disabled: true } },
      'mailbox_disabled',
      { flags: { disabled: true } },
    ],
    [{ is_reachable: 'invalid', smtp: { ...smtp, can_connect_smtp: false, is_deliverable: false } }, 'connect_failed'],
    [{ is_reachable: 'invalid', mx: { accepts_mail: false, records: [] } }, 'no_mail_host'],
    [{ is_reachable: 'invalid', syntax: { is_valid_syntax: false } }, 'syntax_invalid'],
    [
      { is_reachable: 'unknown', smtp: { error: { type: 'SmtpError', message: 'timeout' } } },
      'inconclusive',
      { catchAll: null },
    ],
    [{ is_reachable: 'safe', smtp: { error: { type: 'SmtpError', message: 'timeout' } } }, 'inconclusive'],
    [{ is_reachable: 'unknown', mx: { error: {} }, misc: { error: {} }, smtp: { error: {} } }, 'inconclusive'],
    [{ is_reachable: 'unknown', smtp: { ...smtp, is_deliverable: false } }, 'inconclusive'],
    [{ is_reachable: 'brand_new_word' }, 'inconclusive'],
  ])

  fails('reacher', [
    ['400 is ours to fix', 400, { error: 'bad input' }, 'ours-to-fix'],
    ['401 is the secret', 401, { error: { message: 'x' } }, 'key'],
    ['429 is its own throttle', 429, '', 'slow-down'],
    ['500 comes back later', 500, { error: 'x' }, 'retry'],
    ['HTML comes back later', 200, html, 'retry'],
  ])
})

describe('any service', () => {
  const anyBody = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .record({ status: fc.anything(), data: fc.anything(), result: fc.anything(), errors: fc.anything() })
      .map((body) => JSON.stringify(body)),
  )

  it('may answer anything: what comes out is one of our words, or a failure', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...services),
        fc.integer({ min: 100, max: 599 }),
        anyBody,
        (service, status, body) => {
          const answer = readAnswer(service, http(status, body))
          if (answer.kind !== 'findings') return
          expect(status).toBe(200)
          expect(reasons).toContain(answer.said.reason)
          expect(Object.keys(answer.said.flags).every((flag) => flag in allFlags)).toBe(true)
          expect(JSON.parse(JSON.stringify(answer.said))).toEqual(answer.said)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each(services)('%s is not believed with anything but 200', (service) => {
    for (const status of [201, 204, 301, 400, 401, 403, 404, 429, 500, 503])
      expect(
        readAnswer(service, http(status, { data: { status: 'valid' }, status: 'valid', is_reachable: 'safe' })).kind,
      ).toBe('failure')
  })

  it('keeps nothing that Postgres cannot', () => {
    const body = String.raw`{"data":{"status":"valid","a\u0000":"x\u0000y\ud800z\\u0000\ud83d\ude00"}}`
    expect(readAnswer('hunter', http(200, body))).toMatchObject({
      raw: { data: { 'a\ufffd': 'x\ufffdy\ufffdz\\u0000\u{1f600}' } },
    })
  })
})

const allFlags: Flags = {
  role: true,
  free: true,
  disposable: true,
  catchAll: true,
  fullMailbox: true,
  disabled: true,
  plusTag: true,
  gibberish: true,
  suppressed: true,
}
