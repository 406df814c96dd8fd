import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

import { startApi, type TestApi } from '../support/api.ts'
import { until } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { addAddresses, addJob, addPages } from '../support/rows.ts'
import { unzip } from '../support/unzip.ts'

const database = await testDatabase()
const { db } = database
let api: TestApi
let jobId: number
beforeAll(async () => {
  api = await startApi(database)
  jobId = await addJob(db, { state: 'COMPLETED' })
  await addAddresses(db, jobId, { seq: 1, groupId: 11 }, [
    {
      address: 'zoe@b.example',
      quality: 'high',
      confidence: 0.95,
      method: 'mailto',
      personName: 'Zoë "Z" Müller, Dr.',
    },
    { address: 'ada@a.example', quality: 'low', confidence: 0.2, personName: 'Two\r\nlines\nhere' },
  ])
  await addAddresses(db, jobId, { seq: 2, groupId: 10 }, [
    {
      address: '+plus@a.example',
      quality: 'high',
      personName: '=HYPERLINK("http://evil.example")',
      sources: ['https://a.example/?a,b'],
    },
    { address: '=eq@c.example', personName: '@SUM(A1)' },
    { address: '-minus@c.example', personName: '\t=1' },
    { address: 'plain@c.example', personName: '＝1+1' },
    { address: "o'hara@c.example", personName: "it's" },
  ])
  await sql`update job_addresses set phone = '0301234567' where address = 'zoe@b.example'`.execute(db)
  await sql`update job_addresses set reasons = '{"written in the text","at a free provider"}' where address = 'plain@c.example'`.execute(
    db,
  )
  await addPages(db, jobId, [
    { url: 'https://a.example/' },
    { url: 'https://a.example/secret', status: 'SKIPPED', errorCategory: 'robots' },
    { url: 'https://a.example/gone', status: 'FAILED', errorCategory: 'http_4xx' },
  ])
})
afterAll(() => api.close())

const fetchExport = (path: string) => fetch(`${api.url}/export/jobs/${path}`)
const csv = async (path: string) => {
  const response = await fetchExport(path)
  expect(response.status).toBe(200)
  return parseCsv(await response.text())
}
const column = (rows: string[][], name: string) => rows.slice(1).map((row) => row[rows[0]!.indexOf(name)])
const found = [
  'zoe@b.example',
  'ada@a.example',
  '+plus@a.example',
  '=eq@c.example',
  '-minus@c.example',
  'plain@c.example',
  "o'hara@c.example",
]

test('addresses as a workbook, whose formulas are texts', async () => {
  const response = await fetchExport(`${jobId}/addresses.xlsx`)
  expect(response.headers.get('content-type')).toBe('application/vnd.openxmlformats-officedocument.spreadsheetml.sheet')
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="job_${jobId}_addresses.xlsx"`)
  const sheet = unzip(Buffer.from(await response.arrayBuffer())).get('xl/worksheets/sheet1.xml')!
  const rows = [...sheet.matchAll(/<row>(.*?)<\/row>/gs)].map(([, row]) =>
    [...row!.matchAll(/<c\/>|<v>(.*?)<\/v>|<t [^>]*>(.*?)<\/t>/gs)].map(([, number, text]) => number ?? text ?? ''),
  )
  expect(column(rows, 'address')).toEqual(found)
  expect(column(rows, 'personName').slice(2, 4)).toEqual(['=HYPERLINK("http://evil.example")', '@SUM(A1)'])
  expect(column(rows, 'confidence')[0]).toBe('0.95')
})

test('in a workbook numbers, times and what is true are such, and texts that look like them are texts', async () => {
  const kinds = async (path: string) => {
    const sheet = unzip(Buffer.from(await (await fetchExport(path)).arrayBuffer())).get('xl/worksheets/sheet1.xml')!
    const [names, first] = [...sheet.matchAll(/<row>(.*?)<\/row>/gs)].map(([, row]) =>
      row!.match(/<c\/>|<c[ >].*?<\/c>/gs)!,
    )
    return new Map(names!.map((name, i) => [/<t [^>]*>(.*?)<\/t>/.exec(name)![1]!, first![i]!]))
  }
  const text = (content: string) => `<c t="inlineStr"><is><t xml:space="preserve">${content}</t></is></c>`
  const found = await kinds(`${jobId}/addresses.xlsx`)
  expect(found.get('confidence')).toBe('<c><v>0.95</v></c>')
  expect(found.get('foundAt')).toMatch(/^<c s="1"><v>\d{5}\.\d+<\/v><\/c>$/)
  expect(found.get('phone')).toBe(text('0301234567'))
  const page = await kinds(`${jobId}/pages.xlsx`)
  expect([page.get('depth'), page.get('emailCount')]).toEqual(['<c><v>1</v></c>', '<c><v>0</v></c>'])
})

test('addresses as CSV by RFC 4180, in the order in which they were found', async () => {
  const response = await fetchExport(`${jobId}/addresses.csv`)
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="job_${jobId}_addresses.csv"`)
  const text = await response.text()
  const rows = parseCsv(text)
  expect(rows[0]).toEqual(
    'address,domain,quality,confidence,reasons,method,sourceUrl,snippet,personName,position,phone,organisation,workerId,foundAt,suppressed'.split(
      ',',
    ),
  )
  expect(column(rows, 'address').map((cell) => cell!.replace(/^'/, ''))).toEqual(found)
  expect(column(rows, 'personName').slice(0, 2)).toEqual(['Zoë "Z" Müller, Dr.', 'Two\r\nlines\nhere'])
  expect(column(rows, 'confidence').slice(0, 2)).toEqual(['0.95', '0.2'])
  expect(column(rows, 'reasons')[5]).toBe('written in the text; at a free provider')
  expect(column(rows, 'sourceUrl')[2]).toBe('https://a.example/?a,b')
  for (const at of column(rows, 'foundAt')) expect(new Date(at!).toISOString().slice(0, 19)).toBe(at!.slice(0, 19))
  // Never LF alone, but for the one inside quotes.
  expect(text.match(/(?<!\r)\n/g)).toHaveLength(1)
})

test('no cell is a formula, and nothing else is changed', async () => {
  const rows = await csv(`${jobId}/addresses.csv`)
  for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/u)
  expect(column(rows, 'address').slice(2)).toEqual([
    "'+plus@a.example",
    "'=eq@c.example",
    "'-minus@c.example",
    'plain@c.example',
    "o'hara@c.example",
  ])
  expect(column(rows, 'personName').slice(2)).toEqual([
    `'=HYPERLINK("http://evil.example")`,
    "'@SUM(A1)",
    "'\t=1",
    "'＝1+1",
    "it's",
  ])
})

test('the same as NDJSON and as JSON, as it is stored', async () => {
  const lines = (await (await fetchExport(`${jobId}/addresses.ndjson`)).text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.map((row) => row['address'])).toEqual(found)
  expect(lines[1]).toMatchObject({
    personName: 'Two\r\nlines\nhere',
    quality: 'low',
    confidence: 0.2,
    reasons: [],
    phone: null,
  })
  const whole = await fetchExport(`${jobId}/addresses.json`)
  expect(whole.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(await whole.json()).toEqual(lines)
})

test.each<[args: string, expected: string[]]>([
  ['quality=high', ['zoe@b.example', '+plus@a.example']],
  ['quality=HIGH,LOW', ['zoe@b.example', 'ada@a.example', '+plus@a.example']],
  ['quality=high&quality=low', ['zoe@b.example', 'ada@a.example', '+plus@a.example']],
  ['domain=A.example', ['ada@a.example', '+plus@a.example']],
  ['method=mailto', ['zoe@b.example']],
  ['text=M%C3%BCller', ['zoe@b.example']],
  [`text=${encodeURIComponent("it's")}`, ["o'hara@c.example"]],
  [`text=${encodeURIComponent(String.raw`\' or true --`)}`, []],
  [`method=${encodeURIComponent(`"},'x`)}`, []],
  ['text=%25', []],
  ['text=%00', []],
  ['orderBy=address', [...found].sort()],
  ['orderBy=CONFIDENCE&quality=high,low', ['zoe@b.example', '+plus@a.example', 'ada@a.example']],
])('filtered by %s like the list', async (args, expected) => {
  const rows = (await (await fetchExport(`${jobId}/addresses.json?${args}`)).json()) as { address: string }[]
  expect(rows.map(({ address }) => address)).toEqual(expected)
})

test('pages with skips and why', async () => {
  const rows = await csv(`${jobId}/pages.csv?status=skipped,FAILED`)
  expect(column(rows, 'url')).toEqual(['https://a.example/secret', 'https://a.example/gone'])
  expect(column(rows, 'errorCategory')).toEqual(['robots', 'http_4xx'])
})

test('a job that goes on is 202 while it has nothing, and 200 as soon as it has', async () => {
  const running = await addJob(db, { state: 'RUNNING' })
  const early = await fetchExport(`${running}/addresses.csv`)
  expect([early.status, early.headers.get('retry-after')]).toEqual([202, '5'])
  await addAddresses(db, running, { seq: 1, groupId: 20 }, [{ address: 'ada@a.example' }])
  expect(column(await csv(`${running}/addresses.csv`), 'address')).toEqual(['ada@a.example'])
  expect((await csv(`${running}/addresses.csv?domain=other.example`)).length).toBe(1)
  const empty = await addJob(db, { state: 'COMPLETED' })
  expect((await csv(`${empty}/addresses.csv`)).length).toBe(1)
  expect(await (await fetchExport(`${empty}/addresses.json`)).json()).toEqual([])
  expect(await (await fetchExport(`${empty}/addresses.ndjson`)).text()).toBe('')
})

test.each([
  '999999/addresses.csv',
  '1/secrets.csv',
  '1/addresses.exe',
  'x/addresses.csv',
  '1/addresses',
  '1/toString.csv',
  '1/addresses.toString',
  '99999999999999999999/pages.csv',
  '../jobs/1/addresses.csv/x',
])('there is no %s', async (path) => expect((await fetchExport(path)).status).toBe(404))

test('jobs of others and deleted ones are not there', async () => {
  for (const job of [{ owner: 'somebody', state: 'COMPLETED' }, { state: 'DELETED' }])
    expect((await fetchExport(`${await addJob(db, job)}/addresses.csv`)).status).toBe(404)
})

test.each([
  ['addresses.csv?quality=best', 'quality'],
  ['addresses.csv?orderBy=luck', 'orderBy'],
  ['addresses.csv?first=10', 'first'],
  ['pages.json?status=ODD', 'status'],
])('%s is refused by name', async (path, name) => {
  const response = await fetchExport(`${jobId}/${path}`)
  expect(response.status).toBe(400)
  expect(((await response.json()) as { message: string }).message).toContain(name)
})

test('login and origin are asked for, and nothing but GET', async () => {
  await using guarded = await startApi(database, { apiToken: 'a-token-of-forty-characters-or-the-like' })
  const url = `${guarded.url}/export/jobs/${jobId}/addresses.csv`
  expect((await fetch(url)).status).toBe(401)
  const authorization = 'Bearer a-token-of-forty-characters-or-the-like'
  expect((await fetch(url, { headers: { authorization } })).status).toBe(200)
  expect((await fetch(url, { headers: { authorization, origin: 'https://evil.example' } })).status).toBe(403)
  expect((await fetch(url, { method: 'DELETE', headers: { authorization } })).status).toBe(405)
  const head = await fetch(url, { method: 'HEAD', headers: { authorization } })
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8; header=present'])
})

test(
  'a reader who leaves in the middle frees the connection, and one who dozes holds only his own',
  { timeout: 60_000 },
  async () => {
    const big = await addJob(db, { state: 'COMPLETED' })
    await sql`insert into pages (job_id, url_key, url, shard_key, domain, depth, priority)
    select ${big}, md5(i::text)::uuid, 'https://example.com/' || repeat('x', 500) || i, 'h', 'example.com', 1, 1
    from generate_series(1, 60000) i`.execute(db)
    const url = `${api.url}/export/jobs/${big}/pages.csv`
    const copying = async () =>
      (
        await sql<{
          n: number
        }>`select count(*)::int as n from pg_stat_activity where datname = current_database() and state = 'active'
      and application_name = 'mailquarry export'`.execute(db)
      ).rows[0]!.n
    const open = async () => {
      const request = get(url)
      request.on('error', () => {})
      onTestFinished(() => void request.destroy())
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.on('error', () => {})
      return { request, response }
    }
    const readers = [await open(), await open(), await open()]
    await until('three are under way', async () => (await copying()) === 3)
    const others = await csv(`${jobId}/addresses.csv`)
    expect(others).toHaveLength(8)
    for (const { request } of readers) request.destroy()
    await until('their connections are free', async () => (await copying()) === 0)
    const whole = await csv(`${big}/pages.csv`)
    expect(whole).toHaveLength(60_001)
  },
)

/** Strict: RFC 4180 §2, CRLF everywhere, no quote in a cell without quotes. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  const token = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (!match) throw new Error(`not CSV at ${at}: ${JSON.stringify(text.slice(at, at + 80))}`)
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]!)
    if (match[3] !== ',') {
      rows.push(row)
      row = []
    }
  }
  return rows
}
