import { expect, test } from 'vitest'

import { jsonLines, listBench } from '../support/list-bench.ts'
import { addAddresses, addJob } from '../support/rows.ts'
import { unzip } from '../support/unzip.ts'
import { uploadBytes } from '../support/upload.ts'

// Lists as people bring them, and as they get them back.

const { db, api, start, verify, exported } = await listBench()

const table = [
  'sep=;',
  'Name;E-Mail;Note',
  '"Zoë ""Z"" Müller";Zoe@Firm.com;"two\nlines"',
  ';;',
  '=1+1;ann@silent.com;one;more;cells',
  'Nobody;no address;',
  'Again;zoe@firm.com;short',
].join('\r\n')

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
  expect(rows[1]).toMatch(/<c s="1"><v>\d{5}\.\d+<\/v><\/c><c\/><c t="b"><v>0<\/v><\/c>$/)
})

test('a table comes back in its order with its own columns, each row beside the verdict of its address', async () => {
  const upload = await uploadBytes(api.url, Buffer.from(`\uFEFF${table}`))
  const jobId = await verify({ upload, depth: 'DNS' })
  const csv = await exported(jobId, 'verifications.csv')
  const [told, header, ...rows] = csv.split('\r\n')
  // As the list itself is written, so that the spreadsheet that it is from opens it.
  expect([told, header]).toEqual([
    '\uFEFFsep=;',
    'Name;E-Mail;Note;address;status;reason;score;flags;suggestion;duplicate;failed;fromStore;depth;engine;checkedAt;holdsUntil;suppressed',
  ])
  expect(rows.map((row) => row.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)/g, 'TIME'))).toEqual([
    '"Zoë ""Z"" Müller";Zoe@Firm.com;"two\nlines";zoe@firm.com;UNKNOWN;domain_accepts_mail;60;"";;false;false;false;DNS;builtin;TIME;TIME;false',
    `'=1+1;ann@silent.com;"one;more;cells";ann@silent.com;INVALID;null_mx;0;"";;false;false;false;DNS;builtin;TIME;TIME;false`,
    'Nobody;no address;"";no address;INVALID;syntax_invalid;0;"";;false;false;false;DNS;builtin;TIME;;false',
    'Again;zoe@firm.com;short;zoe@firm.com;UNKNOWN;domain_accepts_mail;60;"";;true;false;false;DNS;builtin;TIME;TIME;false',
    '',
  ])
  const invalid = jsonLines(await exported(jobId, 'verifications.ndjson?status=invalid'))
  expect(invalid).toMatchObject([
    {
      position: 2,
      row: { Name: '=1+1', 'E-Mail': 'ann@silent.com', Note: 'one;more;cells' },
      address: 'ann@silent.com',
      status: 'INVALID',
      reason: 'null_mx',
      flags: [],
      duplicate: false,
    },
    { position: 3, row: { Name: 'Nobody' }, address: 'no address', holdsUntil: null },
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

test('what is too long for an address is judged whole, and comes back whole', async () => {
  const long = `${'x'.repeat(500)}@firm.com`
  const jobId = await verify({ emails: ['ann@firm.com', ` ${long}`, ''], depth: 'SYNTAX' })
  const csv = await exported(jobId, 'verifications.csv')
  expect(csv.split('\r\n').map((row) => row.split(',').slice(0, 4))).toEqual([
    ['given', 'address', 'status', 'reason'],
    ['ann@firm.com', 'ann@firm.com', 'UNKNOWN', 'syntax_ok'],
    [` ${long}`, 'x'.repeat(400), 'INVALID', 'local_too_long'],
    ['', '', '', ''],
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
