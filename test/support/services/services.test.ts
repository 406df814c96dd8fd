import { describe, expect, test } from 'vitest'

import { startAi } from './ai.ts'
import { makePeople } from './hunter-people.ts'
import { startHunter } from './hunter.ts'
import { startMailsso } from './mailsso.ts'
import { startNeverBounce } from './neverbounce.ts'
import { startReacher } from './reacher.ts'
import { startZeroBounce } from './zerobounce.ts'

describe('every fake service', () => {
  test('writes down what it is asked, by whom and when, and what it charges for', async () => {
    await using service = await startMailsso()
    const ask = (email: string) => get(`${service.url}/validate?email=${encodeURIComponent(email)}`, mailsso)
    service.delayMs = 500
    await Promise.all([ask('Anna@a.test'), ask('bert@a.test'), ask('anna@a.test')])
    expect(service.requests[0]).toMatchObject({
      method: 'GET',
      path: '/v1/validate',
      headers: mailsso,
      body: undefined,
    })
    expect(service.requests.map(({ concurrent }) => concurrent)).toEqual([1, 2, 3])
    expect([service.maxConcurrent(), service.calls('/validate'), service.paidAgain()]).toEqual([3, 3, 1])
    expect(Object.fromEntries(service.paid)).toEqual({ 'anna@a.test': 2, 'bert@a.test': 1 })
  })

  test.each<
    [
      what: string,
      path: string,
      init: { method?: string; body?: string | URLSearchParams; headers?: Record<string, string> },
    ]
  >([
    ['an unknown path', '/credits', {}],
    ['an unknown method', '/validate?email=a@a.test', { method: 'DELETE' }],
    ['an unknown parameter', '/validate?email=a@a.test&deep=1', {}],
    ['a missing parameter', '/validate', {}],
    ['a body where none belongs', '/validate?email=a@a.test', { method: 'POST', body: '{}' }],
    ['an unknown field', '/batch', json({ emails: ['a@a.test'], webhook: 'x' })],
    ['a field of another type', '/batch', json({ emails: 'a@a.test' })],
    ['another encoding', '/batch', { method: 'POST', body: new URLSearchParams({ emails: 'a@a.test' }) }],
  ])('answers 501 to %s, and fails when it is closed', async (_what, path, init) => {
    const service = await startMailsso()
    const response = await fetch(service.url + path, { ...init, headers: { ...mailsso, ...init.headers } })
    expect([response.status, service.unknownRequests.length, service.paid.size]).toEqual([501, 1, 0])
    await expect(service.close()).rejects.toThrow('does not know')
  })

  test('meets trouble so many times, on a path, or of one address, and charges only for work that it has done', async () => {
    await using service = await startMailsso()
    const url = `${service.url}/validate?email=a@a.test`
    service.meets('throttled', { times: 2 })
    service.meets('wrongKey', { path: '/batch' })
    expect(await statuses(3, () => get(url, mailsso))).toEqual([429, 429, 200])
    expect((await post(`${service.url}/batch`, { emails: ['b@a.test'] }, mailsso)).status).toBe(401)
    service.meets('outOfQuota', { times: Infinity })
    expect(await statuses(2, () => get(url, mailsso))).toEqual([401, 401])
    service.recovers()
    service.plan('c@a.test', { trouble: 'serverError', times: 1, outcome: 'invalid' })
    const other = `${service.url}/validate?email=c@a.test`
    expect(await statuses(2, () => get(other, mailsso))).toEqual([503, 200])
    service.meets('html')
    expect((await get(url, mailsso)).body).toContain('<html>')
    service.meets('halfJson')
    expect(typeof (await get(url, mailsso)).body).toBe('string')
    service.meets('hangUp')
    await expect(get(url, mailsso)).rejects.toThrow('terminated')
    service.meets('silent')
    await expect(fetch(url, { headers: mailsso, signal: AbortSignal.timeout(30) })).rejects.toThrow('timeout')
    expect(Object.fromEntries(service.paid)).toEqual({ 'a@a.test': 4, 'c@a.test': 1 })
  })
})

test('Mails.so: assertions, reasons, and a batch that comes in another order and leaves some out', async () => {
  await using service = await startMailsso()
  expect(await get(`${service.url}/validate?email=a@a.test`, { 'x-mails-api-key': 'wrong' })).toEqual({
    status: 401,
    body: { data: null, error: 'Unauthorized.' },
  })
  const one = await get(`${service.url}/validate?email=catchall@a.test`, mailsso)
  expect(one.body).toMatchObject({
    data: { isv_nocatchall: false, result: 'risky', username: 'catchall' },
    error: null,
  })
  service.leavesOut.add('b@a.test')
  service.batches.pollsUntilDone = 2
  const made = await post(`${service.url}/batch`, { emails: ['a@a.test', 'b@a.test', 'invalid@a.test'] }, mailsso)
  expect(made.body).toMatchObject({ finished_at: null, size: 3 })
  const url = `${service.url}/batch/${(made.body as { id: string }).id}`
  expect((await get(url, mailsso)).body).not.toHaveProperty('emails')
  const done = (await get(url, mailsso)).body as { finished_at: string; emails: { email: string; result: string }[] }
  expect(done.emails.map(({ email, result }) => `${email} ${result}`)).toEqual([
    'invalid@a.test undeliverable',
    'a@a.test deliverable',
  ])
  expect([done.finished_at === null, service.batches.all.length, service.paid.get('b@a.test')]).toEqual([false, 1, 1])
})

test('Hunter: 202 is charged once, 222 and 451 are not, and errors have an id', async () => {
  await using service = await startHunter()
  const ask = (email: string) => get(`${service.url}/email-verifier?email=${email}`, { 'x-api-key': service.key })
  service.plan('slow@a.test', { trouble: 'inProgress', times: 2, outcome: 'catchall' })
  expect(await statuses(2, () => ask('slow@a.test'))).toEqual([202, 202])
  expect((await ask('slow@a.test')).body).toMatchObject({ data: { status: 'accept_all', accept_all: true } })
  service.plan('odd@a.test', { trouble: 'misbehaved' })
  service.plan('gone@a.test', { trouble: 'objected' })
  expect([(await ask('odd@a.test')).status, (await ask('gone@a.test')).status]).toEqual([222, 451])
  service.meets('throttled')
  service.meets('outOfQuota')
  expect(await statuses(2, () => ask('x@a.test'))).toEqual([403, 429])
  const wrong = await get(`${service.url}/account`, { authorization: 'Bearer wrong' })
  expect(wrong).toMatchObject({ status: 401, body: { errors: [{ id: 'authentication_failed', code: 401 }] } })
  expect((await get(`${service.url}/account?api_key=${service.key}`)).body).toMatchObject({
    data: { reset_date: '2026-12-01', requests: { verifications: { used: 0, available: 1000 } } },
  })
  expect(Object.fromEntries(service.paid)).toEqual({ 'slow@a.test': 1 })
})

test('Hunter: counts for nothing, pages of people, a plan that ends early, a person by name', async () => {
  await using service = await startHunter()
  service.people.set('shop.test', makePeople('shop.test', 250))
  const ask = async (path: string) => await get(`${service.url}${path}`, { 'x-api-key': service.key })
  const count = await get(`${service.url}/email-count?domain=shop.test`)
  expect(count.body).toMatchObject({ data: { total: 250, generic_emails: 1, personal_emails: 249 } })
  const pages = await Promise.all(
    [0, 100, 200].map((at) => ask(`/domain-search?domain=shop.test&limit=100&offset=${at}`)),
  )
  const found = pages.flatMap(({ body }) => (body as { data: { emails: { value: string }[] } }).data.emails)
  expect(new Set(found.map(({ value }) => value)).size).toBe(250)
  expect((await ask('/domain-search?domain=shop.test&limit=101')).status).toBe(400)
  service.isFree = true
  expect((await ask('/domain-search?domain=shop.test&limit=10&offset=10')).body).toMatchObject({
    errors: [{ id: 'pagination_error' }],
  })
  const finder = '/email-finder?domain=shop.test'
  expect((await ask(`${finder}&first_name=Bert&last_name=Abel`)).body).toMatchObject({
    data: { email: 'bert.abel@shop.test' },
  })
  expect((await ask(`${finder}&full_name=No+Body`)).body).toMatchObject({ data: { email: null } })
  expect([...service.paid.keys()]).toContain('shop.test 100')
})

test('ZeroBounce: single, batches with errors beside answers, more than 200 refused, a shield', async () => {
  await using service = await startZeroBounce()
  const single = (email: string) => get(`${service.url}/v2/validate?api_key=${service.key}&email=${email}&ip_address=`)
  expect((await single('catchall@a.test')).body).toMatchObject({
    status: 'valid',
    sub_status: 'accept_all',
    mx_found: 'true',
  })
  service.plan('c@a.test', { fields: { status: 'catch-all', sub_status: '' } })
  expect((await single('c@a.test')).body).toMatchObject({ status: 'catch-all' })
  service.batchErrors.set('b@a.test', 'Invalid address')
  const batch = (emails: string[], key = service.key) => {
    const email_batch = emails.map((email_address) => ({ email_address, ip_address: null }))
    return post(`${service.url}/v2/validatebatch`, { api_key: key, email_batch })
  }
  expect((await batch(['toxic@a.test', 'b@a.test'])).body).toMatchObject({
    email_batch: [{ address: 'toxic@a.test', status: 'do_not_mail', sub_status: 'toxic' }],
    errors: [{ email_address: 'b@a.test', error: 'Invalid address' }],
  })
  expect((await batch(Array.from({ length: 201 }, (_, n) => `a${n}@a.test`))).status).toBe(400)
  expect((await batch(['a@a.test'], 'wrong')).status).toBe(400)
  service.meets('shield')
  expect((await single('a@a.test')).status).toBe(403)
  expect([...service.paid.keys()]).toEqual(['catchall@a.test', 'c@a.test', 'toxic@a.test'])
})

test('NeverBounce: errors inside 200, a plus that was not escaped, a job with pages', async () => {
  await using service = await startNeverBounce()
  const { url, key } = service
  const check = (form: string) =>
    fetch(`${url}/single/check`, {
      method: 'POST',
      body: form,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
  expect(await get(`${url}/single/check?key=wrong&email=a@a.test`)).toMatchObject({
    status: 200,
    body: { status: 'auth_failure' },
  })
  service.meets('throttled')
  expect((await get(`${url}/single/check?key=${key}&email=a@a.test`)).body).toMatchObject({
    status: 'throttle_triggered',
  })
  expect(await (await check(`key=${key}&email=a+b@a.test`)).json()).toMatchObject({
    result: 'invalid',
    flags: ['bad_syntax'],
  })
  expect(await (await check(`key=${key}&email=a%2Bb@a.test`)).json()).toMatchObject({
    status: 'success',
    result: 'valid',
  })
  const emails = ['a@a.test', 'invalid@a.test', 'catchall@a.test', 'a@a.test']
  const job = { key, input: emails.map((email) => ({ email })), input_location: 'supplied', auto_start: true }
  const { job_id } = (await post(`${url}/jobs/create`, job)).body as { job_id: number }
  service.batches.pollsUntilDone = 2
  const state = async (path: string) => (await get(`${url}/jobs/${path}key=${key}&job_id=${job_id}`)).body
  expect(await state('status?')).toMatchObject({ job_status: 'running' })
  expect(await state('results?')).toMatchObject({ status: 'general_failure' })
  expect(await state('status?')).toMatchObject({ job_status: 'complete', total: { records: 4, valid: 2, catchall: 1 } })
  expect(await state('results?page=2&items_per_page=3&')).toMatchObject({
    total_pages: 2,
    results: [{ data: { email: 'a@a.test' }, verification: { result: 'valid' } }],
  })
  // Duplicates are billed.
  expect(service.paid.get('a@a.test')).toBe(2)
  const large = { ...job, filename: 'x'.repeat(25_000_000) }
  expect((await post(`${url}/jobs/create`, large)).status).toBe(413)
})

test('Reacher: parts that failed, a job whose results come when it is done', async () => {
  await using service = await startReacher()
  const secret = { 'x-reacher-secret': service.key }
  service.failedParts.set('b@a.test', ['smtp'])
  const check = async (to_email: string) => (await post(`${service.url}/v1/check_email`, { to_email }, secret)).body
  expect(await check('full@a.test')).toMatchObject({ is_reachable: 'risky', smtp: { has_full_inbox: true } })
  expect(await check('b@a.test')).toMatchObject({ input: 'b@a.test', smtp: { error: { type: 'SmtpError' } } })
  expect((await post(`${service.url}/v1/check_email`, { to_email: 'a@a.test' })).status).toBe(401)
  const made = await post(`${service.url}/v1/bulk`, { input: ['a@a.test', 'invalid@a.test'] }, secret)
  const bulk = `${service.url}/v1/bulk/${(made.body as { job_id: number }).job_id}`
  expect((await get(`${bulk}/results`, secret)).status).toBe(400)
  expect((await get(bulk, secret)).body).toMatchObject({ job_status: 'Completed', total_processed: 2 })
  expect((await get(`${bulk}/results?format=json&limit=1&offset=1`, secret)).body).toMatchObject({
    results: [{ input: 'invalid@a.test', is_reachable: 'invalid' }],
  })
})

test('AI: fits a schema, refuses one, says what it is told, and counts tokens', async () => {
  await using service = await startAi()
  const bearer = { authorization: `Bearer ${service.key}` }
  const schema = { type: 'object', properties: { emails: { type: 'array', items: { type: 'string' }, minItems: 1 } } }
  const asked = {
    model: 'small',
    messages: [{ role: 'user', content: 'Propose' }],
    response_format: { type: 'json_schema', json_schema: { name: 'proposal', schema } },
  }
  const ask = async (body: object) => await post(`${service.url}/chat/completions`, body, bearer)
  const first = (await ask(asked)).body
  expect(first).toMatchObject({
    model: 'small',
    choices: [{ message: { role: 'assistant', content: '{"emails":[""]}' }, finish_reason: 'stop' }],
  })
  expect((first as { usage: { completion_tokens: number } }).usage.completion_tokens).toBeGreaterThan(0)
  service.refusesSchema = true
  expect((await ask(asked)).body).toMatchObject({ error: { param: 'response_format' } })
  const { response_format: _, ...plain } = asked
  service.answers.push(
    '```json\n{}\n```',
    { message: { content: null, refusal: 'No.' } },
    ({ model }) => `I am ${model}`,
  )
  const contents = []
  for (let turn = 0; turn < 3; turn += 1) {
    const { choices } = (await ask(plain)).body as { choices: { message: { content: string | null } }[] }
    contents.push(choices[0]?.message.content)
  }
  expect(contents).toEqual(['```json\n{}\n```', null, 'I am small'])
})

const mailsso = { 'x-mails-api-key': 'mailsso-test-key' }

interface Answer {
  status: number
  /** Text where it is no JSON. */
  body: unknown
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return await answerOf(await fetch(url, { headers }))
}

async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const init = json(body)
  return await answerOf(await fetch(url, { ...init, headers: { ...init.headers, ...headers } }))
}

function json(body: object) {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  try {
    return { status: response.status, body: JSON.parse(text) as unknown }
  } catch {
    return { status: response.status, body: text }
  }
}

async function statuses(times: number, ask: () => Promise<Answer>): Promise<number[]> {
  const all: number[] = []
  for (let n = 0; n < times; n += 1) all.push((await ask()).status)
  return all
}
