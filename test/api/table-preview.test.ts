import { afterAll, beforeAll, expect, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { idOf, makeUpload, uploadBytes } from '../support/upload.ts'

const database = await testDatabase()
let api: TestApi
beforeAll(async () => {
  api = await startApi(database)
})
afterAll(() => api.close())

interface Preview {
  delimiter: string | null
  hasHeader: boolean
  columns: string[]
  column: number | null
  rows: { line: number; cells: string[] }[]
  problem: { code: string; line: number | null } | null
}
async function preview(args: string): Promise<Preview | null> {
  const { tablePreview } = await api.data<{ tablePreview: Preview | null }>(`{ tablePreview(${args}) {
    delimiter hasHeader columns column rows { line cells } problem { code line } } }`)
  return tablePreview
}

test('shows how an uploaded list would be read', async () => {
  const upload = await uploadBytes(
    api.url,
    Buffer.from('name;mail\nAda;ada@maker-works.com\n"Bo; jr";bo@maker-works.com\n'),
  )
  expect(await preview(`kind: VERIFY_EMAILS, upload: "${upload}"`)).toEqual({
    delimiter: ';',
    hasHeader: true,
    columns: ['name', 'mail'],
    column: 2,
    rows: [
      { line: 2, cells: ['Ada', 'ada@maker-works.com'] },
      { line: 3, cells: ['Bo; jr', 'bo@maker-works.com'] },
    ],
    problem: null,
  })
  const told = await preview(`kind: VERIFY_EMAILS, upload: "${upload}", column: "1", delimiter: ";", header: false`)
  expect(told).toMatchObject({ column: 1, hasHeader: false, columns: ['column 1', 'column 2'] })
  expect(told!.rows[0]).toEqual({ line: 1, cells: ['name', 'mail'] })
})

test('shows the columns of a table in which nothing is found, so that somebody can say which it is', async () => {
  const text = JSON.stringify('site\twho\nacme dot com\tAnn\n')
  expect(await preview(`kind: SCRAPE_EMAILS, text: ${text}, delimiter: "tab"`)).toMatchObject({
    column: null,
    columns: ['site', 'who'],
    rows: [{ line: 2, cells: ['acme dot com', 'Ann'] }],
    problem: { code: 'column_not_found', line: null },
  })
  expect(await preview(`kind: SCRAPE_EMAILS, text: ${text}, column: "mail"`)).toMatchObject({
    column: null,
    problem: { code: 'unknown_column' },
  })
})

test('says where a table breaks off, and that a file is no table', async () => {
  const unclosed = JSON.stringify('site\nacme.com\n"open.com\n')
  expect(await preview(`kind: SCRAPE_EMAILS, text: ${unclosed}`)).toMatchObject({
    problem: { code: 'quote_not_closed', line: 3 },
  })
  const zip = await uploadBytes(api.url, Buffer.from('PK\u0003\u0004rest'))
  expect(await preview(`kind: VERIFY_EMAILS, upload: "${zip}"`)).toMatchObject({
    columns: [],
    problem: { code: 'not_text' },
  })
})

test('knows nothing of uploads that are not complete, not there, or of kinds without tables', async () => {
  const begun = idOf(await makeUpload(api.url, 10))
  for (const args of [
    `kind: VERIFY_EMAILS, upload: "${begun}"`,
    'kind: VERIFY_EMAILS, upload: "nothing"',
    'kind: VERIFY_EMAILS',
    'kind: RELAY, text: "a@maker-works.com"',
  ])
    expect(await preview(args), args).toBeNull()
})
