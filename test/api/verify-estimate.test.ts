import { afterAll, expect, test } from 'vitest'

import { addSuppressions } from '../../db/suppressions.ts'
import { listBench } from '../support/list-bench.ts'
import { addAddresses, addJob } from '../support/rows.ts'
import { startMailsso } from '../support/services/mailsso.ts'
import { uploadBytes } from '../support/upload.ts'

// What a verification would come to, before it starts.

const mailsso = await startMailsso()
afterAll(() => mailsso.close())
const { db, api, verify } = await listBench({
  allDomains: true,
  services: { mailsso: { url: mailsso.url, key: mailsso.key }, hunter: { key: 'nobody is asked with it' } },
})

async function check(input: object) {
  const { check } = await api.data<{ check: Record<string, unknown> }>(
    `query ($input: VerifyEmailsInput!) { check: checkVerifyEmails(input: $input) { __typename
      ... on InputAccepted { estimate { items fresh known unusable repeated empty suppressed paidCalls seconds } } ... on UserError { message } } }`,
    { input },
  )
  return check
}
const estimate = async (input: object) => (await check(input))['estimate']

test('says how many are new, how many the store answers, what the other rows are, and how many calls may cost', async () => {
  const emails = ['valid1@paid.com', 'valid2@paid.com', 'VALID1@paid.com', 'new@paid.com', 'no address', '']
  const byService = { emails, service: 'MAILSSO' }
  const others = { unusable: 1, repeated: 1, empty: 1, suppressed: 0 }
  expect(await estimate(byService)).toEqual({ items: 6, fresh: 3, known: 0, ...others, paidCalls: 3, seconds: null })
  await verify({ emails: emails.slice(0, 2), service: 'MAILSSO' })
  const requests = mailsso.requests.length
  expect(await estimate(byService)).toEqual({ items: 6, fresh: 1, known: 2, ...others, paidCalls: 1, seconds: null })
  expect(await estimate({ ...byService, force: true })).toMatchObject({ fresh: 3, known: 0, paidCalls: 3 })
  expect(await estimate({ ...byService, maxAgeDays: 1 })).toMatchObject({ fresh: 1, known: 2 })
  expect(await estimate({ ...byService, maxAgeDays: 0 })).toMatchObject({ fresh: 3, known: 0 })
  // What another service said answers us, and not the other service.
  expect(await estimate({ emails, depth: 'DNS' })).toEqual({
    items: 6,
    fresh: 1,
    known: 2,
    ...others,
    paidCalls: null,
    seconds: null,
  })
  expect(await estimate({ emails, service: 'HUNTER' })).toMatchObject({ known: 0, paidCalls: 3, seconds: 1 })
  expect(mailsso.requests).toHaveLength(requests)
})

test('what the text tells, and who is suppressed, costs no call', async () => {
  await addSuppressions(db, ['gone@free.com'], { reason: 'asked not to', source: 'PERSON' })
  const emails = [
    'a@free.com',
    'gone@free.com',
    'a@gmial.com',
    'a@mailinator.com',
    'a@free.notatld',
    'x'.repeat(65) + '@free.com',
  ]
  expect(await estimate({ emails, service: 'MAILSSO' })).toMatchObject({
    fresh: 4,
    known: 0,
    unusable: 1,
    suppressed: 1,
    paidCalls: 1,
  })
})

test('the estimate counts as the job does: results and what is skipped are all entries', async () => {
  await addSuppressions(db, ['barred@adds.com'], { reason: 'asked not to', source: 'PERSON' })
  const emails = [
    'a@adds.com',
    'A@adds.com',
    'b@adds.com',
    'barred@adds.com',
    'no address',
    'no address',
    'Barred@adds.com',
    ' ',
    '',
    'a@',
  ]
  const before = await estimate({ emails, depth: 'SYNTAX' })
  expect(before).toMatchObject({ items: 10, fresh: 2, known: 0, unusable: 2, repeated: 2, empty: 2, suppressed: 2 })
  const id = String(await verify({ emails, depth: 'SYNTAX' }))
  const { job, verificationStats } = await api.data<{
    job: { progress: object; events: { nodes: { message: string | null }[] } }
    verificationStats: object
  }>(
    `query ($id: ID!) { job(id: $id) { progress { done total results skipped } events(last: 50) { nodes { message } } }
      verificationStats(jobId: $id) { total byReason { reason count notAddresses } } }`,
    { id },
  )
  expect(job.progress).toEqual({ done: 10, total: 10, results: 4, skipped: 6 })
  expect(job.events.nodes.map(({ message }) => message)).toContain(
    'entries of the list that are skipped: 2 repeated, 2 empty, 2 suppressed',
  )
  const entries = (await (await fetch(`${api.url}/export/jobs/${id}/verifications.json`)).json()) as {
    status: string | null
    duplicate: boolean | null
    suppressed: boolean
  }[]
  expect(entries.filter(({ duplicate }) => duplicate)).toHaveLength(2)
  expect(entries.flatMap(({ suppressed }, i) => (suppressed ? [i] : []))).toEqual([3, 6])
  expect(entries.filter(({ status, suppressed }) => status === null && !suppressed)).toHaveLength(2)
  expect(verificationStats).toEqual({
    total: 4,
    byReason: expect.arrayContaining([
      { reason: 'SYNTAX_OK', count: 2, notAddresses: 0 },
      { reason: 'SYNTAX_INVALID', count: 2, notAddresses: 2 },
    ]),
  })
})

test('uploads and what was found are estimated, too', async () => {
  const rows = Array.from({ length: 5_000 }, (_, i) => `${i};person${i % 4_000}@upload.com`)
  const upload = await uploadBytes(api.url, Buffer.from(['n;mail', ...rows].join('\n')))
  expect(await estimate({ upload, service: 'MAILSSO' })).toMatchObject({ items: 5_000, fresh: 4_000, paidCalls: 4_000 })
  const crawl = await addJob(db, { state: 'COMPLETED' })
  await addAddresses(db, crawl, { seq: 1, groupId: 1 }, [{ address: 'a@found.com' }, { address: 'b@found.com' }])
  expect(await estimate({ fromJob: String(crawl), depth: 'SYNTAX' })).toMatchObject({ items: 2, fresh: 2, known: 0 })
})

test('of a very long list only the beginning is looked at', async () => {
  const rows = Array.from({ length: 101_000 }, (_, i) => `person${i}@long.com`)
  const upload = await uploadBytes(api.url, Buffer.from(rows.join('\n')))
  expect(await estimate({ upload, depth: 'SYNTAX' })).toMatchObject({ items: null, fresh: 100_000, known: 0 })
})

test('a list that breaks off, or is not there, has an estimate of what can be read', async () => {
  const rows = Array.from({ length: 5_000 }, (_, i) => `${i},person${i}@broken.com`)
  const upload = await uploadBytes(api.url, Buffer.from(['n,mail', ...rows, '"x,last@broken.com'].join('\n')))
  expect(await estimate({ upload, depth: 'DNS' })).toMatchObject({ items: null, fresh: 4_000, known: 0 })
  const missing = '00000000-0000-4000-8000-000000000000'
  expect(await estimate({ upload: missing, depth: 'DNS' })).toMatchObject({ items: null, fresh: 0 })
})

test('what the server lacks is told before the start', async () => {
  const emails = ['ada@example.com']
  expect(await check({ emails, depth: 'SMTP' })).toMatchObject({
    __typename: 'NotConfigured',
    message: expect.stringContaining('SMTP_HELO'),
  })
  const needsKey = 'ZeroBounce needs the setting ZEROBOUNCE_API_KEY, or a key of your own with the job.'
  expect(await check({ emails, service: 'ZEROBOUNCE' })).toMatchObject({
    __typename: 'NotConfigured',
    message: needsKey,
  })
  expect(await check({ emails, service: 'ZEROBOUNCE', apiKey: 'mine' })).toMatchObject({ __typename: 'InputAccepted' })
  const { jobKinds } = await api.data<{ jobKinds: KindInfo[] }>('{ jobKinds { kind inputSchema } }')
  const { service, depth } = jobKinds.find(({ kind }) => kind === 'VERIFY_EMAILS')!.inputSchema.properties
  expect(service!.notSetUp).toMatchObject({ ZEROBOUNCE: needsKey })
  expect(service!.notSetUp).not.toHaveProperty('HUNTER')
  expect(service!.notSetUp).not.toHaveProperty('BUILTIN')
  expect(Object.keys(depth!.notSetUp!)).toEqual(['SMTP'])
})

interface KindInfo {
  kind: string
  inputSchema: { properties: Record<string, { notSetUp?: Record<string, string> }> }
}
