import { describe, expect, test } from 'vitest'

import { openCopyOut } from '../../db/copy-out.ts'
import { addSuppressions } from '../../db/suppressions.ts'
import { crawlBench, html, links } from '../../test/support/crawl-bench.ts'
import { testSettings } from '../../test/support/engine.ts'
import { hostList } from '../engines/crawl/host-list.ts'
import { reportDomains } from './domain-report.ts'
import { crawlInput, crawlTitle } from './input.ts'
import { checkStartTable, readSite } from './start-table.ts'

const { db, url, crawl, site } = await crawlBench()
const settings = { ...testSettings, ownHosts: ['127.0.0.1'] }
const noUpload = async () => undefined

async function three() {
  const acme = await site({
    '/': html(`${links('/contact')} info@acme-works.com`),
    '/contact': html('sales@acme-works.com'),
  })
  const beta = await site({ '/': html('nothing here') })
  const [a, b] = [acme, beta].map(({ url }) => new URL(url).host)
  const table = [
    'Company;Website;City',
    `"Acme; Inc.";${a};Berlin`,
    `Beta;http://${b}/;"Rome\nItaly"`,
    ';;Nowhere',
    `Acme again;${a}/;Hamburg`,
  ].join('\r\n')
  return { a, b, table }
}

describe('a table of sites', () => {
  test('is crawled like a list, wherever it is interrupted', async () => {
    const { table } = await three()
    const whole = await crawl({ table })
    expect(whole.addresses).toEqual(['info@acme-works.com', 'sales@acme-works.com'])
    expect(whole.counts).toMatchObject({ total: 3, succeeded: 3, failed: 0, skipped: 0, results: 2 })
    const cut = await crawl({ table }, { stopsAfterEachStep: true, care: () => 'one-item' })
    expect(cut.steps).toBeGreaterThan(whole.steps)
    expect([cut.fates, cut.counts]).toEqual([whole.fates, whole.counts])
  })

  test('comes back with its columns in the results by domain, each row once', async () => {
    const { a, b, table } = await three()
    const input = crawlInput.parse({ domains: [`${b}`], table })
    const { jobId } = await crawl(input)
    const copyOut = openCopyOut(url, db)
    const { portions } = await reportDomains({ copyOut, jobId, input, settings, openUpload: noUpload })
    const rows = (await Array.fromAsync(portions)).flat()
    await copyOut.close()
    const found = ['2', '0', '2', 'info@acme-works.com', 'sales@acme-works.com', '0', '0', 'found']
    expect(rows).toEqual([
      [
        'Company',
        'Website',
        'City',
        'pages',
        'pagesFailed',
        'addresses',
        'bestAddress',
        'otherAddresses',
        'addressesNotNamed',
        'suppressed',
        'outcome',
      ],
      ['', b, '', '1', '0', '0', '', '', '0', '0', 'no address'],
      ['Acme; Inc.', a, 'Berlin', ...found],
      ['Beta', `http://${b}/`, 'Rome\nItaly', '1', '0', '0', '', '', '0', '0', 'no address'],
      ['', '', 'Nowhere', '', '', '', '', '', '', '', 'no site in this row'],
      ['Acme again', `${a}/`, 'Hamburg', ...found],
    ])
  })

  test('says of a site with many addresses how many are not named in its row, and none that is suppressed', async () => {
    const letters = 'abcdefghijklmnopqrstuvwxy'.split('')
    const many = await site({ '/': html(letters.map((letter) => `person-${letter}@acme-works.com`).join(' ')) })
    const input = crawlInput.parse({ table: `Website\n${new URL(many.url).host}\n` })
    const { jobId } = await crawl(input)
    const late = ['person-a@acme-works.com', 'person-c@acme-works.com']
    await addSuppressions(db, late, { reason: 'asked not to', source: 'PERSON' })
    const copyOut = openCopyOut(url, db)
    const { portions } = await reportDomains({ copyOut, jobId, input, settings, openUpload: noUpload })
    const [header, row] = (await Array.fromAsync(portions)).flat()
    await copyOut.close()
    const cell = (column: string) => row![header!.indexOf(column)]
    const columns = ['addresses', 'bestAddress', 'addressesNotNamed', 'suppressed']
    expect(columns.map(cell)).toEqual(['25', 'person-b@acme-works.com', '4', '2'])
    const others = cell('otherAddresses')!.split(', ')
    expect(others).toHaveLength(20)
    expect(others.filter((address) => late.includes(address))).toEqual([])
  })

  test('is crawled without the rows that are no sites where they are to be left out, and each comes back with its reason', async () => {
    const { a } = await three()
    const table = `Company,Website\nAcme,${a}\nBeta,exa mple\nNone,\nOwn,10.0.0.1\n`
    const input = crawlInput.parse({ table, leaveOutBadRows: true })
    expect(await checkStartTable(input, settings, noUpload)).toEqual([])
    const whole = await crawl(input)
    const cut = await crawl(input, { stopsAfterEachStep: true, care: () => 'one-item' })
    for (const { fates, counts, findings, notes } of [whole, cut]) {
      expect(fates).toEqual({ '/': 'FETCHED', '/contact': 'FETCHED' })
      expect(counts).toMatchObject({ total: 2, succeeded: 2, failed: 0, skipped: 0 })
      expect(findings).toEqual([
        { category: 'parse', message: 'Line 3, column 2: "exa mple" is not a domain: it is several words' },
        { category: 'blocked', message: expect.stringMatching(/^Line 5, column 2: "10.0.0.1"/) },
      ])
      const message = '2 rows of the table are not crawled: the results by domain say why'
      expect(notes.filter((note) => note.message.includes('rows'))).toEqual([{ message, counts: { refused: 2 } }])
    }
    const copyOut = openCopyOut(url, db)
    const { portions } = await reportDomains({ copyOut, jobId: whole.jobId, input, settings, openUpload: noUpload })
    const rows = (await Array.fromAsync(portions)).flat()
    await copyOut.close()
    expect(rows.map((row) => [row[0], row.at(-1)])).toEqual([
      ['Company', 'outcome'],
      ['Acme', 'found'],
      ['Beta', '"exa mple" is not a domain: it is several words'],
      ['None', 'no site in this row'],
      ['Own', expect.stringMatching(/^"10.0.0.1" is an address that is not on the public Internet/)],
    ])
  })

  test('has addresses among its sites, which the log does not name: their owners may be suppressed', async () => {
    const { a } = await three()
    const { findings, fates } = await crawl({ table: `Website\n${a}\nada@lovelace.org\nmailto:ada@lovelace.org\n` })
    expect(fates).toEqual({ '/': 'FETCHED', '/contact': 'FETCHED' })
    expect(findings.map(({ message }) => message)).toEqual([
      'Line 3, column 1: an e-mail address is no site',
      'Line 4, column 1: an e-mail address is no site',
    ])
  })

  test('is refused before the start with each row that is no site', async () => {
    const bad = 'B,exa mple\nC,\nD,10.0.0.1\n"E\nE",http://localhost/\n'
    const named = [
      {
        path: ['table'],
        message: 'Line 2, column 2: "exa mple" is not a domain: it is several words',
        code: 'not_a_domain',
      },
      { path: ['table'], message: expect.stringMatching(/^Line 4, column 2: "10.0.0.1"/), code: 'private_address' },
      {
        path: ['table'],
        message: expect.stringMatching(/^Line 5, column 2: "http:\/\/localhost\/"/),
        code: 'local_name',
      },
    ]
    const check = (rows: string, leaveOutBadRows: boolean) =>
      checkStartTable(crawlInput.parse({ table: `name,website\n${rows}`, leaveOutBadRows }), settings, noUpload)
    const wayOut = (others: string) => ({
      path: ['table'],
      message: `Choose "Leave out bad rows" to crawl the ${others}.`,
      code: 'bad_rows',
    })
    expect(await check(`${bad}A,acme.com\n`, false)).toEqual([wayOut('1 other row'), ...named])
    expect(await check(`${bad}A,acme.com\nF,firm.com\n`, false)).toEqual([wayOut('2 other rows'), ...named])
    expect(await check(`${bad}A,acme.com\n`, true)).toEqual([])
    // Then nothing would be left.
    expect(await check(bad, false)).toEqual(named)
    expect(await check(bad, true)).toEqual(named)
  })

  test.each([
    ['without rows', { table: 'website\n' }, ['empty_table']],
    ['with an open quote', { table: 'website,x\nacme.com,"a\n', delimiter: ',' }, ['quote_not_closed']],
    ['with a column that it lacks', { table: 'website,x\nacme.com,a\n', column: 'y' }, ['unknown_column']],
    [
      'that is too long together with the list',
      { table: 'acme.com\n', domains: Array<string>(100_000).fill('a.com') },
      ['too_many_starts'],
    ],
    [
      'with more wrong rows than anybody reads',
      { table: `website\n${'-\n'.repeat(300)}` },
      [...Array<string>(100).fill('not_a_domain'), 'more_issues'],
    ],
  ])('%s is refused with a reason', async (_what, given, codes) => {
    const issues = await checkStartTable(crawlInput.parse(given), settings, noUpload)
    expect(issues.map(({ code }) => code)).toEqual(codes)
  })

  test.each([
    ['example.com', 'https://example.com/'],
    ['example.com/', 'https://example.com/'],
    ['www.example.com/en/', 'https://www.example.com/en/'],
    ['http://example.com/x', 'http://example.com/x'],
    ['127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
    ['10.0.0.1/x', undefined],
    ['user@example.com/x', undefined],
  ])('reads %s as people mean it', (cell, url) => {
    expect(readSite(cell, hostList(['127.0.0.1']))).toMatchObject(url === undefined ? { ok: false } : { ok: true, url })
  })

  test('names the job', () => {
    expect(crawlTitle(crawlInput.parse({ table: 'x' }))).toBe('a table of sites')
    expect(crawlTitle(crawlInput.parse({ domains: ['a.com'], upload: 'x' }))).toBe('a.com, and a table')
  })
})
