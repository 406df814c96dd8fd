import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addJob } from '../support/rows.ts'
import { idOf, makeUpload, uploadBytes } from '../support/upload.ts'
import { tablesWith } from '../support/whole-database.ts'

const database = await testDatabase()
const { db } = database
let api: TestApi
beforeAll(async () => {
  api = await startApi(database)
})
afterAll(() => api.close())

/** What a mutation comes to, with these fields of its success. */
const result = async (mutation: string, success: string, variables?: Record<string, unknown>) =>
  (
    await api.data<{ result: Record<string, unknown> }>(
      `mutation ${mutation} { __typename ... on UserError { message code } ... on ValidationError { issues { path code } } ... on ${success} } }`,
      variables,
    )
  ).result
const added = 'SuppressSuccess { added known unreadable }'
const suppress = (addresses: string[], reason = 'asked not to') =>
  result(
    '($addresses: [String!]!, $reason: String!) { result: suppressAddresses(addresses: $addresses, reason: $reason)',
    added,
    {
      addresses,
      reason,
    },
  )
const list = async (filter: string, first = 10, after = '') => {
  const { suppressions } = await api.data<{
    suppressions: {
      totalCount: number
      nodes: { address: string | null; reason: string; source: string }[]
      pageInfo: { endCursor: string }
    }
  }>(
    `{ suppressions(first: ${first} ${after && `after: "${after}"`} filter: ${filter}) { totalCount nodes { address reason source } pageInfo { endCursor } } }`,
  )
  return suppressions
}

test('addresses are put on the list once, in normal form, all or none', async () => {
  expect(await suppress(['Ada@Example.COM', 'ada@example.com', 'bob@example.com'])).toMatchObject({
    added: 2,
    known: 0,
  })
  expect(await suppress(['bob@example.com', 'eve@bücher.example'], 'again')).toMatchObject({ added: 1, known: 1 })
  expect(await suppress(['new@example.com', 'not an address', 'a@10.0.0.1'])).toEqual({
    __typename: 'ValidationError',
    code: 'VALIDATION_ERROR',
    message: expect.any(String),
    issues: [
      { path: ['addresses', '1'], code: expect.any(String) },
      { path: ['addresses', '2'], code: expect.any(String) },
    ],
  })
  expect(await suppress(['new@example.com'], ' ')).toMatchObject({ issues: [{ path: ['reason'] }] })
  const { nodes, totalCount } = await list('{}')
  expect(totalCount).toBe(3)
  expect(nodes).toEqual([
    { address: 'eve@xn--bcher-kva.example', reason: 'again', source: 'PERSON' },
    { address: 'bob@example.com', reason: 'asked not to', source: 'PERSON' },
    { address: 'ada@example.com', reason: 'asked not to', source: 'PERSON' },
  ])
  const page = await list('{}', 2)
  expect((await list('{}', 2, page.pageInfo.endCursor)).nodes.map(({ address }) => address)).toEqual([
    'ada@example.com',
  ])
  expect((await list('{ address: "BOB@example.com" }')).nodes).toHaveLength(1)
  expect((await list('{ text: "XN--b" }')).nodes).toHaveLength(1)
  expect((await list('{ text: "eve@Bücher.example" }')).nodes).toHaveLength(1)
  expect((await list('{ text: "AGAIN" }')).nodes).toHaveLength(1)
  expect((await list('{ source: [UPLOAD] }')).nodes).toHaveLength(0)
})

test('an uploaded list is taken whole, whatever it looks like', async () => {
  const lines = [
    'name;mail;note',
    '"Lovelace, A.";up1@example.com;x',
    "'+up2@example.com,",
    '<up3@example.com>',
    'mailto:up4@example.com',
    'no@address@here',
    'UP1@example.com',
    '',
  ]
  const many = Array.from({ length: 12_000 }, (_, i) => `many${i}@list.example`)
  const upload = await uploadBytes(api.url, Buffer.from(`\uFEFF${[...lines, ...many].join('\r\n')}`))
  const give = (id: string) =>
    result('($upload: ID!) { result: suppressUpload(upload: $upload, reason: "a list")', added, { upload: id })
  expect(await give(upload)).toMatchObject({ __typename: 'SuppressSuccess', added: 12_004, known: 0, unreadable: 1 })
  expect(await give(upload)).toMatchObject({ added: 0, known: 12_004 })
  expect((await list('{ source: [UPLOAD], text: "up" }')).nodes.map(({ address }) => `${address}`).sort()).toEqual([
    '+up2@example.com',
    'up1@example.com',
    'up3@example.com',
    'up4@example.com',
  ])
  expect(await give('00000000-0000-4000-8000-000000000000')).toMatchObject({
    issues: [{ path: ['upload'], code: 'upload_not_found' }],
  })
  const open = idOf(await makeUpload(api.url, 5))
  expect(await give(open)).toMatchObject({ issues: [{ code: 'upload_incomplete' }] })
})

test('an uploaded list may be in UTF-16, and what is no text is refused', async () => {
  const give = async (bytes: Buffer) =>
    result('($upload: ID!) { result: suppressUpload(upload: $upload, reason: "a list")', added, {
      upload: await uploadBytes(api.url, bytes),
    })
  const text = 'Name\tMail\nÄnne\tutf16-le@example.com\nZoë\tutf16-zoë@example.com\n'
  expect(await give(Buffer.from(`\uFEFF${text}`, 'utf16le'))).toMatchObject({ added: 2, unreadable: 0 })
  expect(await give(Buffer.from(`\uFEFF${text.replaceAll('utf16', 'be')}`, 'utf16le').swap16())).toMatchObject({
    added: 2,
  })
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  for (const bytes of [
    png,
    Buffer.concat([png, Buffer.from('\nann@png.com\n')]),
    Buffer.from('PK\x03\x04 ann@zip.com'),
  ])
    expect(await give(bytes)).toMatchObject({ issues: [{ path: ['upload'], code: 'not_text' }] })
  expect((await list('{ text: "@png" }')).totalCount).toBe(0)
})

test('a forgotten address is found by those alone who know it, and can be let in again with a reason', async () => {
  const address = 'grace@hopper.example'
  const jobId = await addJob(db)
  await addAddresses(db, jobId, { seq: 1, groupId: 1 }, [{ address }])
  const forget = (given: string, reason = 'request 7') =>
    result(
      '($address: String!, $reason: String!) { result: forgetAddress(address: $address, reason: $reason)',
      'ForgetSuccess { rows }',
      {
        address: given,
        reason,
      },
    )
  expect(await forget('Grace@Hopper.example', 'for Grace@hopper.example')).toMatchObject({
    issues: [{ path: ['reason'] }],
  })
  expect(await forget('nobody')).toMatchObject({ issues: [{ path: ['address'] }] })
  expect(await forget('Grace@Hopper.example')).toEqual({ __typename: 'ForgetSuccess', rows: 3 })
  expect(await tablesWith(db, address)).toEqual([])
  expect((await list('{ source: [FORGOTTEN] }')).nodes).toEqual([
    { address: null, reason: 'request 7', source: 'FORGOTTEN' },
  ])
  expect((await list(`{ address: "${address}" }`)).totalCount).toBe(1)
  expect((await list('{ text: "hopper" }')).totalCount).toBe(0)
  expect((await list('{ text: "Grace@HOPPER.example" }')).nodes).toMatchObject([{ address: null }])
  expect((await list('{ text: "grace@hopper.example", source: [PERSON] }')).totalCount).toBe(0)

  const remove = (reason: string) =>
    result(
      '($address: String!, $reason: String!) { result: unsuppressAddress(address: $address, reason: $reason)',
      'UnsuppressSuccess { address }',
      {
        address,
        reason,
      },
    )
  expect(await remove('')).toMatchObject({ issues: [{ path: ['reason'] }] })
  expect(await remove('she signed up again')).toEqual({ __typename: 'UnsuppressSuccess', address })
  expect(await remove('twice')).toMatchObject({ __typename: 'NotFound' })
  const { rows } = await sql`select source, reason, removed_by from suppression_removals`.execute(db)
  expect(rows).toEqual([{ source: 'FORGOTTEN', reason: 'she signed up again', removed_by: 'local' }])
  expect(await tablesWith(db, address)).toEqual([])
})

test('an address that was found before it came onto the list stays in lists and exports of its job, marked', async () => {
  const jobId = await addJob(db, { state: 'COMPLETED' })
  await addAddresses(db, jobId, { seq: 1, groupId: 900 }, [
    { address: 'kept@found.com' },
    { address: 'late@found.com' },
  ])
  await suppress(['late@found.com'])
  const marked = [
    { address: 'kept@found.com', suppressed: false },
    { address: 'late@found.com', suppressed: true },
  ]
  const { job } = await api.data<{ job: { emails: object } }>(
    'query ($id: ID!) { job(id: $id) { emails(first: 10) { nodes { address suppressed } } } }',
    { id: String(jobId) },
  )
  expect(job.emails).toEqual({ nodes: marked })
  const exported = async (format: string) => (await fetch(`${api.url}/export/jobs/${jobId}/addresses.${format}`)).text()
  expect(JSON.parse(await exported('json'))).toMatchObject(marked)
  const [head, ...lines] = (await exported('csv')).trimEnd().split('\r\n')
  const place = head!.split(',').indexOf('suppressed')
  expect(lines.map((line) => line.split(',')[place])).toEqual(['false', 'true'])
})
