import { expect, test } from 'vitest'

import { jsonLines, listBench } from '../support/list-bench.ts'
import { uploadBytes } from '../support/upload.ts'

// Lists that are odd, hostile or none at all: what is in them has its verdict all the same, or the start is refused with the reason.

const { api, start, verify, exported } = await listBench()

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
    [`${'y'.repeat(100_000)}@firm.com`]: 'local_too_long',
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

test('a list with lines that are not in UTF-8 says so in its log, once', async () => {
  const row = Buffer.from(`Zoë;zoe@firm.com;${'x'.repeat(200)}\n`)
  const latin = Buffer.from('Jörg;joerg@firm.com;y\n', 'latin1')
  const bytes = Buffer.concat([Buffer.from('Name;E-Mail;Note\n'), ...Array<Buffer>(6_000).fill(row), latin, latin])
  const jobId = await verify({ upload: await uploadBytes(api.url, bytes), depth: 'SYNTAX' })
  const { job } = await api.data<{ job: { events: { nodes: { type: string; message: string }[] } } }>(
    'query ($id: ID!) { job(id: $id) { events(first: 100) { nodes { type message } } } }',
    { id: String(jobId) },
  )
  expect(job.events.nodes.filter(({ type }) => type === 'note')).toEqual([
    { type: 'note', message: 'Line 6002 of the table is not in UTF-8: such lines are read as Windows-1252' },
    { type: 'note', message: 'entries of the list that are skipped: 6,000 repeated' },
  ])
})

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
