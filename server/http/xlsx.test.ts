import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import { expect, test } from 'vitest'

import { unzip } from '../../test/support/unzip.ts'
import { xlsx } from './xlsx.ts'

async function workbook(rows: object[], options: { rowsAtMost?: number; cutAt?: number; isTime?: boolean } = {}) {
  const { cutAt = 7, isTime = false, ...more } = options
  const bytes = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const chunks = Array.from({ length: Math.ceil(bytes.length / cutAt) }, (_, i) =>
    bytes.subarray(i * cutAt, (i + 1) * cutAt),
  )
  return unzip(await buffer(Readable.from(xlsx([{ name: 'a' }, { name: 'b', isTime }], Readable.from(chunks), more))))
}

const sheet = (files: Map<string, string>, n = 1) => files.get(`xl/worksheets/sheet${n}.xml`)!
const cells = (text: string) =>
  [...text.matchAll(/<row>(.*?)<\/row>/gs)].map(([, row]) => row!.match(/<c\/>|<c[ >].*?<\/c>/gs) ?? [])

test('texts are texts, whatever they look like, numbers and booleans are such, and what is missing is empty', async () => {
  const files = await workbook([
    { c0: '=1+1', c1: 7.5 },
    { c0: 'Zoë <& 😀>\r\n', c1: null },
    { c0: '\u0001x', c1: true },
    { c0: '007', c1: '2026-11-27T12:00:00+00:00' },
  ])
  const text = (content: string) => `<c t="inlineStr"><is><t xml:space="preserve">${content}</t></is></c>`
  expect(cells(sheet(files))).toEqual([
    [text('a'), text('b')],
    [text('=1+1'), '<c><v>7.5</v></c>'],
    [text('Zoë &lt;&amp; 😀&gt;&#13;\n'), '<c/>'],
    [text('\ufffdx'), '<c t="b"><v>1</v></c>'],
    [text('007'), text('2026-11-27T12:00:00+00:00')],
  ])
})

// What Excel shows for a serial number: 1 is 1 January 1900, and 46353 27 November 2026.
test.each([
  ['2026-11-27T12:00:00+00:00', '46353.5'],
  ['2026-11-27T18:00:00.123456+00:00', '46353.750001423614'],
  ['1900-03-01T00:00:00+00:00', '61'],
])('%s is a time, in a style that shows it as one', async (iso, serial) => {
  const files = await workbook(
    [
      { c0: 'x', c1: iso },
      { c0: 'y', c1: null },
    ],
    { isTime: true },
  )
  expect(
    cells(sheet(files))
      .slice(1)
      .map(([, time]) => time),
  ).toEqual([`<c s="1"><v>${serial}</v></c>`, '<c/>'])
  expect(sheet(files)).toContain('<cols><col min="2" max="2" width="20" customWidth="1"/></cols><sheetData>')
  expect(files.get('xl/styles.xml')).toMatch(/<cellXfs count="2"><xf\/><xf numFmtId="164"/)
})

test('more rows than a sheet takes go onto further sheets, each with the header', async () => {
  const files = await workbook(
    Array.from({ length: 5 }, (_, i) => ({ c0: `r${i}`, c1: i })),
    { rowsAtMost: 3, cutAt: 1_000 },
  )
  expect([1, 2, 3].map((n) => cells(sheet(files, n)).length)).toEqual([3, 3, 2])
  expect(sheet(files, 3)).toContain('r4')
  expect(files.get('xl/workbook.xml')).toContain('<sheet name="Sheet3" sheetId="3" r:id="rId3"/>')
  expect(files.get('[Content_Types].xml')!.match(/worksheet\+xml/g)).toHaveLength(3)
})

test('no rows make a sheet with the header alone', async () => {
  const files = await workbook([])
  expect(cells(sheet(files))).toHaveLength(1)
  expect([...files.keys()]).toEqual([
    'xl/worksheets/sheet1.xml',
    'xl/workbook.xml',
    'xl/_rels/workbook.xml.rels',
    'xl/styles.xml',
    '_rels/.rels',
    '[Content_Types].xml',
  ])
})

test('a cell holds no more than Excel takes', async () => {
  const files = await workbook([{ c0: 'x'.repeat(40_000), c1: 1 }], { cutAt: 50_000 })
  expect(/x+(?=<)/.exec(cells(sheet(files))[1]![0])?.[0]).toHaveLength(32_767)
})

test('an error of the source is the reader’s, too', async () => {
  async function* failing() {
    yield Buffer.from('{"c0":1,"c1":2}\n')
    throw new Error('gone')
  }
  await expect(buffer(Readable.from(xlsx([{ name: 'a' }, { name: 'b' }], failing())))).rejects.toThrow('gone')
})
