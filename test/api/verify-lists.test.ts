import { afterAll, beforeAll, expect, test } from 'vitest'

import { createOutgoing } from '../../jobs/outgoing.ts'
import { startWorker } from '../../jobs/worker.ts'
import { startApi, type TestApi } from '../support/api.ts'
import { startDns } from '../support/dns.ts'
import { jobEnds, openTestEngine } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addJob } from '../support/rows.ts'
import { unzip } from '../support/unzip.ts'
import { uploadBytes } from '../support/upload.ts'

// Lists as people bring them, and as they get them back.

const database = await testDatabase()
const { db, url } = database
let api: TestApi
const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

beforeAll(async () => {
  const dns = await startDns({
    zone: {
      'firm.com': { mx: [[10, 'mx.hosting.com']] },
      'mx.hosting.com': { a: ['198.20.1.1'] },
      'silent.com': { mx: [[0, '.']] },
    },
  })
  const engine = await openTestEngine(url, db, { dnsServers: [dns.server] })
  const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
  const worker = await startWorker({ engine, url, outgoing, slots: 4 })
  closing.push(
    () => dns.close(),
    () => engine.close(),
    () => outgoing.close(),
    () => worker.stop(),
  )
  api = await startApi(database)
  closing.push(() => api.close())
})

interface Started {
  job?: { id: string }
  issues?: { path: string[]; code: string; message: string }[]
}

async function start(input: object): Promise<Started> {
  const { result } = await api.data<{ result: Started }>(
    `mutation ($input: VerifyEmailsInput!) { result: startVerifyEmails(input: $input) {
      ... on StartJobSuccess { job { id } } ... on ValidationError { issues { path code message } } } }`,
    { input },
  )
  return result
}

async function verify(input: object): Promise<number> {
  const { job, issues } = await start(input)
  expect(issues).toBeUndefined()
  await jobEnds(db, Number(job!.id), 240_000)
  return Number(job!.id)
}

const exported = async (jobId: number, file: string) => {
  const response = await fetch(`${api.url}/export/jobs/${jobId}/${file}`)
  expect(response.status).toBe(200)
  // With the byte order mark, where there is one.
  return Buffer.from(await response.arrayBuffer()).toString()
}
const jsonLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const table = [
  'sep=;',
  'Name;E-Mail;Note',
  '"Zoë ""Z"" Müller";Zoe@Firm.com;"two\nlines"',
  ';;',
  '=1+1;ann@silent.com;one;more;cells',
  'Nobody;no address;',
  'Again;zoe@firm.com;short',
].join('\r\n')

test('columns may be called like places of parameters, and are texts all the same', async () => {
  const names = ['E-Mail', '$1', "it's $3", 'Price $100', "' || (select version()) || '"]
  const upload = await uploadBytes(
    api.url,
    Buffer.from(`${names.join(';')}\nann@firm.com;a;b;c;d\nzoe@firm.com;e;f;g;h`),
  )
  const jobId = await verify({ upload, depth: 'SYNTAX' })
  const rows = [
    { 'E-Mail': 'ann@firm.com', $1: 'a', "it's $3": 'b', 'Price $100': 'c', [names[4]!]: 'd' },
    { 'E-Mail': 'zoe@firm.com', $1: 'e', "it's $3": 'f', 'Price $100': 'g', [names[4]!]: 'h' },
  ]
  const told = async (query: string) =>
    jsonLines(await exported(jobId, `verifications.ndjson${query}`)).map(({ row }) => row)
  expect(await told('')).toEqual(rows)
  expect(await told('?domain=firm.com&text=ann')).toEqual([rows[0]])
  expect(await exported(jobId, `verifications.ndjson?domain=${encodeURIComponent(' || (select 1) || ')}`)).toBe('')
  expect((await exported(jobId, 'verifications.csv')).split('\r\n')[0]).toContain(names.slice(0, 4).join(';'))
})

test('a workbook of verdicts has numbers, times and what is true as such, and the own cells as texts', async () => {
  const upload = await uploadBytes(api.url, Buffer.from('id,mail\n007,sevens@firm.com\n1,sevens@firm.com\n'))
  const jobId = await verify({ upload, depth: 'SYNTAX' })
  const response = await fetch(`${api.url}/export/jobs/${jobId}/verifications.xlsx`)
  const sheet = unzip(Buffer.from(await response.arrayBuffer())).get('xl/worksheets/sheet1.xml')!
  const text = (content: string) => `<c t="inlineStr"><is><t xml:space="preserve">${content}</t></is></c>`
  const rows = [...sheet.matchAll(/<row>(.*?)<\/row>/gs)].map(([, row]) => row!)
  expect(rows.map((row) => row.startsWith(text('007')))).toEqual([false, true, false])
  expect(rows.map((row) => row.startsWith(text('1')))).toEqual([false, false, true])
  const no = '<c t="b"><v>0</v></c>'
  expect(rows[1]).toContain(`${text('syntax_ok')}<c><v>30</v></c><c/><c/>${no}${no}${no}`)
  expect(rows[2]).toContain(`<c t="b"><v>1</v></c>${no}${no}`)
  expect(rows[1]).toMatch(/<c s="1"><v>\d{5}\.\d+<\/v><\/c><c\/>$/)
})

test('a table comes back in its order with its own columns, each row beside the verdict of its address', async () => {
  const upload = await uploadBytes(api.url, Buffer.from(`\uFEFF${table}`))
  const jobId = await verify({ upload, depth: 'DNS' })
  const csv = await exported(jobId, 'verifications.csv')
  const [told, header, ...rows] = csv.split('\r\n')
  // As the list itself is written, so that the spreadsheet that it is from opens it.
  expect([told, header]).toEqual([
    '\uFEFFsep=;',
    'Name;E-Mail;Note;address;status;reason;score;flags;suggestion;duplicate;failed;fromStore;depth;engine;checkedAt;holdsUntil',
  ])
  expect(rows.map((row) => row.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)/g, 'TIME'))).toEqual([
    '"Zoë ""Z"" Müller";Zoe@Firm.com;"two\nlines";zoe@firm.com;UNKNOWN;domain_accepts_mail;60;"";;false;false;false;DNS;builtin;TIME;TIME',
    `'=1+1;ann@silent.com;"one;more;cells";ann@silent.com;INVALID;null_mx;0;"";;false;false;false;DNS;builtin;TIME;TIME`,
    'Nobody;no address;"";no address;INVALID;syntax_invalid;0;"";;false;false;false;DNS;builtin;TIME;',
    'Again;zoe@firm.com;short;zoe@firm.com;UNKNOWN;domain_accepts_mail;60;"";;true;false;false;DNS;builtin;TIME;TIME',
    '',
  ])
  const invalid = jsonLines(await exported(jobId, 'verifications.ndjson?status=invalid'))
  expect(invalid).toMatchObject([
    {
      position: 1,
      row: { Name: '=1+1', 'E-Mail': 'ann@silent.com', Note: 'one;more;cells' },
      address: 'ann@silent.com',
      status: 'INVALID',
      reason: 'null_mx',
      flags: [],
      duplicate: false,
    },
    { position: 2, row: { Name: 'Nobody' }, address: 'no address', holdsUntil: null },
  ])
  expect(JSON.parse(await exported(jobId, 'verifications.json?reason=null_mx'))).toEqual(invalid.slice(0, 1))
  expect(await exported(jobId, 'verifications.csv?domain=Firm.com&text=ZOE')).toMatch(
    /^\uFEFFsep=;\r\nName;.*\r\n"Zoë.*\n.*\r\nAgain;.*\r\n$/,
  )
  const refused = await fetch(`${api.url}/export/jobs/${jobId}/verifications.csv?status=good`)
  expect(refused.status).toBe(400)
})

test('an international domain is found in its letters among verdicts, and in their figures', async () => {
  const jobId = await verify({ emails: ['zoë@bücher.com', 'ada@bucher.com'], depth: 'SYNTAX' })
  for (const filter of ['text=bücher', 'domain=Bücher.com', 'text=Zoë@bücher.com', 'domain=xn--bcher-kva.com']) {
    const rows = jsonLines(await exported(jobId, `verifications.ndjson?${filter}`))
    expect([filter, ...rows.map(({ address }) => address)]).toEqual([filter, 'zoë@xn--bcher-kva.com'])
  }
  const { verificationStats } = await api.data<{ verificationStats: { total: number } }>(
    `{ verificationStats(jobId: "${jobId}", domain: "bücher.com") { total } }`,
  )
  expect(verificationStats.total).toBe(1)
})

test('a list without columns comes back as it was given', async () => {
  const jobId = await verify({ emails: ['Zoe@Firm.com', "+o'hara@silent.com"], depth: 'SYNTAX' })
  const csv = await exported(jobId, 'verifications.csv')
  expect(csv.split('\r\n').map((row) => row.split(',').slice(0, 3))).toEqual([
    ['given', 'address', 'status'],
    ['Zoe@Firm.com', 'zoe@firm.com', 'UNKNOWN'],
    ["'+o'hara@silent.com", "'+o'hara@silent.com", 'UNKNOWN'],
    [''],
  ])
})

test('results of a verification are told in batches, from any cursor on, until the job has ended', async () => {
  const emails = Array.from({ length: 40 }, (_, i) => `person${i}@live.com`)
  const jobId = await verify({ emails, depth: 'SYNTAX' })
  interface Batch {
    results: { address: string; reason: string; depth: string; position: number }[]
    cursor: string
    ended: boolean
  }
  const read = async (after?: string) => {
    const batches: Batch[] = []
    const payloads = api.socket().iterate<{ jobResults: Batch }>({
      query: `subscription ($jobId: ID!, $after: String) { jobResults(jobId: $jobId, after: $after) {
        ... on JobResultBatch { results { ... on JobVerification { address reason depth position } } cursor ended } } }`,
      variables: { jobId: String(jobId), after },
    })
    for await (const { data, errors } of payloads) {
      expect(errors).toBeUndefined()
      batches.push(data!.jobResults)
      if (data!.jobResults.ended) break
    }
    return batches
  }
  const whole = await read()
  const told = whole.flatMap(({ results }) => results)
  expect(told.map(({ address }) => address).sort()).toEqual(emails.toSorted())
  expect(told[0]).toMatchObject({ reason: 'SYNTAX_OK', depth: 'SYNTAX' })
  expect((await read(whole[0]!.cursor)).flatMap(({ results }) => results)).toEqual(told.slice(whole[0]!.results.length))
})

test('results of a job, or all that was found, are verified, chosen as their lists are', async () => {
  const crawl = await addJob(db, { state: 'COMPLETED' })
  await addAddresses(db, crawl, { seq: 1, groupId: 1 }, [
    { address: 'high@found.com', quality: 'high' },
    { address: 'medium@found.com', quality: 'medium' },
    { address: 'low@found.com', quality: 'low' },
    { address: 'high@elsewhere.com', quality: 'high' },
  ])
  const other = await addJob(db, { state: 'COMPLETED' })
  await addAddresses(db, other, { seq: 1, groupId: 1 }, [{ address: 'other@found.com', quality: 'high' }])
  const theirs = await addJob(db, { state: 'COMPLETED', owner: 'somebody' })
  await addAddresses(db, theirs, { seq: 1, groupId: 1 }, [{ address: 'theirs@found.com', quality: 'high' }])
  const verified = async (input: object) =>
    jsonLines(await exported(await verify({ depth: 'SYNTAX', ...input }), 'verifications.ndjson')).map(
      ({ address }) => address,
    )
  const fromJob = String(crawl)
  expect(await verified({ fromJob })).toEqual([
    'high@elsewhere.com',
    'high@found.com',
    'low@found.com',
    'medium@found.com',
  ])
  expect(await verified({ fromJob, quality: ['HIGH', 'MEDIUM'] })).toEqual([
    'high@elsewhere.com',
    'high@found.com',
    'medium@found.com',
  ])
  expect(await verified({ fromJob, domain: 'Found.com', quality: ['HIGH'] })).toEqual(['high@found.com'])
  expect(await verified({ fromJob, text: 'ELSE' })).toEqual(['high@elsewhere.com'])
  expect(await verified({ fromJob, method: ['text'], text: 'low' })).toEqual(['low@found.com'])
  expect(await verified({ fromKnown: true, domain: 'found.com', quality: ['HIGH'] })).toEqual([
    'high@found.com',
    'other@found.com',
  ])
  expect(await verified({ fromKnown: true, text: 'other', method: ['text'] })).toEqual(['other@found.com'])
})

test('results of a job that has none, or that is not there, are refused before the start', async () => {
  const empty = await addJob(db, { state: 'COMPLETED' })
  const low = await addJob(db, { state: 'COMPLETED' })
  await addAddresses(db, low, { seq: 1, groupId: 1 }, [{ address: 'low@poor.com', quality: 'low' }])
  const theirs = await addJob(db, { state: 'COMPLETED', owner: 'somebody' })
  await addAddresses(db, theirs, { seq: 1, groupId: 1 }, [{ address: 'hidden@poor.com', quality: 'high' }])
  const refused = async (input: object) => (await start({ depth: 'SYNTAX', ...input })).issues
  for (const job of [empty, theirs, 987_654])
    expect(await refused({ fromJob: String(job) })).toEqual([
      {
        path: ['fromJob'],
        code: 'nothing_found',
        message: `No job of yours with the number ${job} has found an address yet.`,
      },
    ])
  expect(await refused({ fromJob: String(low), quality: ['HIGH'] })).toMatchObject([
    { path: ['fromJob'], message: expect.stringContaining('an address that fits yet') },
  ])
  expect(await refused({ fromKnown: true, domain: 'nowhere.com' })).toMatchObject([
    { path: ['fromKnown'], code: 'nothing_found' },
  ])
  expect(await refused({ fromJob: String(low) })).toBeUndefined()
})

test.each([
  ['nothing at all', Buffer.alloc(0), 'empty_table'],
  ['blank lines', Buffer.from('\n\n \n'), 'empty_table'],
  ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452000000400000004008060000', 'hex'), 'not_text'],
  ['a table without addresses', Buffer.from('name,city\nAda,London\nGrace,New York\n'), 'column_not_found'],
  ['a text without addresses', Buffer.from('Ada Lovelace\nGrace Hopper\n'), 'no_address'],
  ['a quote that is never closed', Buffer.from('email,note\nada@firm.com,"open\n'), 'quote_not_closed'],
])('%s is refused before the start, with its place', async (_what, bytes, code) => {
  const upload = await uploadBytes(api.url, bytes)
  const { issues } = await start({ upload, depth: 'SYNTAX' })
  expect(issues).toMatchObject([{ path: ['upload'], code }])
})

test('an empty list, and a column that is not there, are refused by their path', async () => {
  expect((await start({ emails: ['', '  '] })).issues).toMatchObject([{ path: ['emails'] }])
  expect(await start({ emails: ['', 'hello there', 'nothing@@here.com'], depth: 'SYNTAX' })).toEqual({
    issues: [
      { path: ['emails'], code: 'no_address', message: 'Nothing here is an e-mail address.' },
      { path: ['emails', '1'], code: 'no_at', message: '"hello there" has no @.' },
      { path: ['emails', '2'], code: 'several_at', message: '"nothing@@here.com" has more than one @.' },
    ],
  })
  const upload = await uploadBytes(api.url, Buffer.from('mail,name\nada@firm.com,Ada\n'))
  expect((await start({ upload, column: 'address' })).issues).toMatchObject([
    { path: ['upload'], code: 'unknown_column', message: expect.stringContaining('mail, name') },
  ])
})

const utf16 = (text: string, bigEndian = false) => {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le')
  return bigEndian ? bytes.swap16() : bytes
}

test.each<[what: string, bytes: Buffer, verdicts: Record<string, string>]>([
  [
    'a mark in front',
    Buffer.from('\uFEFFada@firm.com\neve@firm.com\n'),
    { 'ada@firm.com': 'syntax_ok', 'eve@firm.com': 'syntax_ok' },
  ],
  ['UTF-16, little end first', utf16('email;name\r\nada@firm.com;Zoë\r\n'), { 'ada@firm.com': 'syntax_ok' }],
  [
    'UTF-16, big end first',
    utf16('ada@firm.com\nbob@firm.com', true),
    { 'ada@firm.com': 'syntax_ok', 'bob@firm.com': 'syntax_ok' },
  ],
  [
    'line ends inside quotes',
    Buffer.from('note,email\r\n"a\r\nb@c",ada@firm.com\r\n"x","bob@firm.com"\r\n'),
    { 'ada@firm.com': 'syntax_ok', 'bob@firm.com': 'syntax_ok' },
  ],
  [
    'control characters',
    Buffer.from('email,x\nada@firm.com,1\nbob\u0001@firm.com,2\n"\u0007\u001b",3\n'),
    { 'ada@firm.com': 'syntax_ok', 'bob\u0001@firm.com': 'syntax_invalid', '\u0007\u001b': 'syntax_invalid' },
  ],
  [
    'addresses that are too long',
    Buffer.from(`ada@firm.com\n${'a'.repeat(65)}@firm.com\n${'b'.repeat(64)}@${'c.'.repeat(126)}com\n`),
    {
      'ada@firm.com': 'syntax_ok',
      [`${'a'.repeat(65)}@firm.com`]: 'local_too_long',
      [`${'b'.repeat(64)}@${'c.'.repeat(126)}com`]: 'syntax_invalid',
    },
  ],
  [
    'what is no ASCII',
    Buffer.from('ada@firm.com\n🚀@firm.com\nzoë@bücher.de\n👩‍🚀@firm.com\n'),
    {
      'ada@firm.com': 'syntax_ok',
      '🚀@firm.com': 'syntax_ok',
      '👩‍🚀@firm.com': 'syntax_invalid',
      'zoë@xn--bcher-kva.de': 'syntax_ok',
    },
  ],
])('%s: each row has its verdict', async (_what, bytes, verdicts) => {
  const jobId = await verify({ upload: await uploadBytes(api.url, bytes), depth: 'SYNTAX' })
  const rows = jsonLines(await exported(jobId, 'verifications.ndjson'))
  expect(Object.fromEntries(rows.map(({ address, reason }) => [address, reason]))).toEqual(verdicts)
})

test('what is pasted may hold anything: each entry has its verdict', async () => {
  const long = `${'b'.repeat(64)}@${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(59)}.com`
  expect(long).toHaveLength(320)
  const odd: Record<string, string> = {
    'ada@firm.com': 'syntax_ok',
    'nul\u0000@firm.com': 'syntax_invalid',
    'bell\u0007@firm.com': 'syntax_invalid',
    'line\nbreak@firm.com': 'syntax_invalid',
    'half\ud83d@firm.com': 'syntax_invalid',
    'rocket🚀@firm.com': 'syntax_ok',
    [long]: 'syntax_invalid',
    ['x'.repeat(100_000)]: 'syntax_invalid',
    [`${'y'.repeat(100_000)}@firm.com`]: 'syntax_invalid',
  }
  const jobId = await verify({ emails: Object.keys(odd), depth: 'SYNTAX' })
  const rows = jsonLines(await exported(jobId, 'verifications.ndjson'))
  expect(rows.map(({ reason }) => reason)).toEqual(Object.values(odd))
})

test(
  'of a million rows with one address one is verified, and the others are its duplicates',
  { timeout: 300_000 },
  async () => {
    const rows = 1_000_000
    const upload = await uploadBytes(api.url, Buffer.from('same@firm.com\n'.repeat(rows)))
    const jobId = await verify({ upload, depth: 'SYNTAX' })
    const { job } = await api.data<{ job: object }>(
      `query ($id: ID!) { job(id: $id) { state summary progress { total succeeded failed skipped results } } }`,
      { id: String(jobId) },
    )
    expect(job).toEqual({
      state: 'COMPLETED',
      summary: { addresses: 1, fromStore: 0, byStatus: { UNKNOWN: 1 } },
      progress: { total: rows, succeeded: 1, failed: 0, skipped: rows - 1, results: 1 },
    })
  },
)
