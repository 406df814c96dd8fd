import { afterAll, beforeAll, expect, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { testDatabase } from '../support/postgres.ts'
import { uploadBytes } from '../support/upload.ts'

const database = await testDatabase()
let api: TestApi
beforeAll(async () => {
  api = await startApi(database)
})
afterAll(() => api.close())

interface Started {
  startScrapeEmails: {
    job?: { id: string; title: string }
    issues?: { path: string[]; message: string; code: string }[]
  }
}

async function start(input: object): Promise<Started['startScrapeEmails']> {
  const text = `mutation ($input: ScrapeEmailsInput!) { startScrapeEmails(input: $input) {
    ... on StartJobSuccess { job { id title } } ... on ValidationError { issues { path message code } } } }`
  return (await api.data<Started>(text, { input })).startScrapeEmails
}

test('a table is refused with its bad rows before anything starts, unless they are to be left out', async () => {
  const upload = await uploadBytes(api.url, Buffer.from('name;site\r\nMüller;exa mple\r\nB;10.0.0.1\r\nC;good.com\r\n'))
  expect(await start({ upload, column: 'site' })).toEqual({
    issues: [
      { path: ['upload'], message: expect.stringMatching(/the 1 other row\.$/), code: 'bad_rows' },
      {
        path: ['upload'],
        message: 'Line 2, column 2: "exa mple" is not a domain: it is several words',
        code: 'not_a_domain',
      },
      { path: ['upload'], message: expect.stringMatching(/^Line 3, column 2: /), code: 'private_address' },
    ],
  })
  expect(await start({ upload, column: 'site', leaveOutBadRows: true })).toEqual({
    job: { id: expect.any(String), title: expect.stringContaining('list.csv') },
  })
  expect(await start({ upload: '0f8fad5b-d9cb-469f-a165-70867728950e' })).toMatchObject({
    issues: [{ path: ['upload'], code: 'upload_not_found' }],
  })
  expect(await start({ upload, table: 'site\nexample.com', leaveOutBadRows: true })).toMatchObject({
    issues: [{ path: ['table'], message: 'Give a pasted table or a file, not both.' }],
  })
})

test('an uploaded table of sites is estimated before the start', async () => {
  const upload = await uploadBytes(
    api.url,
    Buffer.from('name;site\r\nA;good.com\r\nB;\r\nC;better.com/en\r\nD;exa mple\r\n'),
  )
  const text = `query ($input: ScrapeEmailsInput!) { check: checkScrapeEmails(input: $input) {
    ... on InputAccepted { estimate { items unusable basis } } } }`
  const { check } = await api.data<{ check: unknown }>(text, {
    input: { upload, domains: ['best.com'], leaveOutBadRows: true },
  })
  expect(check).toEqual({ estimate: { items: 150, unusable: 1, basis: expect.stringMatching(/^3 hosts /) } })
})

test('the results by domain bring back its columns, with no cell that is a formula', async () => {
  const table = Buffer.from('\uFEFFname,site,note\n"Acme, Inc.",acme-works.com,=1+1\nBeta,,"a ""b"""\n')
  const { job } = await start({ upload: await uploadBytes(api.url, table), domains: ['beta-works.com'] })
  expect(job?.title).toBe('beta-works.com, and list.csv')
  const before = await fetch(`${api.url}/export/jobs/${job!.id}/domains.csv`)
  expect(before.status).toBe(202)
  await database.db.updateTable('jobs').set({ state: 'CANCELLED' }).where('id', '=', Number(job!.id)).execute()
  const response = await fetch(`${api.url}/export/jobs/${job!.id}/domains.csv`)
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="job_${job!.id}_domains.csv"`)
  expect(
    Buffer.from(await response.arrayBuffer())
      .toString()
      .split('\r\n'),
  ).toEqual([
    '\uFEFFname,site,note,pages,pagesFailed,addresses,bestAddress,otherAddresses,addressesNotNamed,suppressed,outcome',
    ',beta-works.com,,0,0,0,,,0,0,not reached yet',
    `"Acme, Inc.",acme-works.com,'=1+1,0,0,0,,,0,0,not reached yet`,
    'Beta,,"a ""b""",,,,,,,,no site in this row',
    '',
  ])
  expect((await fetch(`${api.url}/export/jobs/${job!.id}/domains.csv?x=1`)).status).toBe(400)
  expect((await fetch(`${api.url}/export/jobs/${job!.id}/domains.json`)).status).toBe(404)
})

test.each([
  ['as a file is written', 'name;site\nB,C;beta-works.com\n', 'csv', 'name;site;pages', 'B,C;beta-works.com;0;'],
  ['by tabs', 'name\tsite\nB;C\tbeta-works.com\n', 'tsv', 'name\tsite\tpages', 'B;C\tbeta-works.com\t0\t'],
])('the results by domain are written %s', async (_, table, ending, header, row) => {
  const { job } = await start({ upload: await uploadBytes(api.url, Buffer.from(table)) })
  await database.db.updateTable('jobs').set({ state: 'CANCELLED' }).where('id', '=', Number(job!.id)).execute()
  const response = await fetch(`${api.url}/export/jobs/${job!.id}/domains.csv`)
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="job_${job!.id}_domains.${ending}"`)
  const lines = (await response.text()).split('\r\n')
  expect([lines[0]!.startsWith(header), lines[1]!.startsWith(row)], lines.join('\n')).toEqual([true, true])
})

test('the results by domain of a table that was pasted are plain CSV', async () => {
  const { job } = await start({ table: 'name\tsite\nB\tbeta-works.com\n' })
  await database.db.updateTable('jobs').set({ state: 'CANCELLED' }).where('id', '=', Number(job!.id)).execute()
  const text = await (await fetch(`${api.url}/export/jobs/${job!.id}/domains.csv`)).text()
  expect(text.split('\r\n').slice(0, 2)).toEqual([
    'name,site,pages,pagesFailed,addresses,bestAddress,otherAddresses,addressesNotNamed,suppressed,outcome',
    'B,beta-works.com,0,0,0,,,0,0,not reached yet',
  ])
})
