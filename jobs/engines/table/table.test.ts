import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { longestRowBytes, type RowBatch } from './split-rows.ts'
import type { OpenBytes } from './table-bytes.ts'
import { TableError } from './table-error.ts'
import { readRows, type TableRow } from './table-rows.ts'
import { readShape, type ShapeOverride, type Sought, type TableShape } from './table-shape.ts'

const domains: Sought = {
  what: 'domains',
  looksLike: (cell) => /^(?:https?:\/\/)?(?:[\p{L}\d-]+\.)+\p{L}{2,}(?:\/\S*)?$/u.test(cell),
  headers: /domain|website|url/i,
}

describe('the shape', () => {
  test.each<[what: string, text: string, expected: Partial<TableShape>, values: string[]]>([
    [
      'a header and commas',
      'Company,Website,City\nAcme,acme.com,Berlin\nBeta,beta.org,Rome\n',
      { delimiter: ',', hasHeader: true, columns: ['Company', 'Website', 'City'], column: 1 },
      ['acme.com', 'beta.org'],
    ],
    [
      'semicolons, with commas inside cells',
      'Firma;Ort;Seite\nAcme, Inc.;Berlin, DE;acme.com\nBeta, Ltd.;Rom, IT;beta.org',
      { delimiter: ';', hasHeader: true, column: 2 },
      ['acme.com', 'beta.org'],
    ],
    [
      'tabs',
      'acme.com\tBerlin, DE\nbeta.org\tRome; IT\n',
      { delimiter: '\t', hasHeader: false, column: 0 },
      ['acme.com', 'beta.org'],
    ],
    ['pipes', 'a|acme.com\nb|beta.org', { delimiter: '|', column: 1 }, ['acme.com', 'beta.org']],
    [
      'one column without a header',
      'acme.com\nbeta.org\n',
      { hasHeader: false, columns: ['column 1'], column: 0 },
      ['acme.com', 'beta.org'],
    ],
    ['one column with one', 'domain\nacme.com', { hasHeader: true, columns: ['domain'], column: 0 }, ['acme.com']],
    ['a bad first entry, which is no header', 'acme..com\nbeta.org', { hasHeader: false }, ['acme..com', 'beta.org']],
    ['nothing but bad entries', 'foo@bar\nnope!', { hasHeader: false, column: 0 }, ['foo@bar', 'nope!']],
    [
      'bad entries under a header that says it',
      'id,domain\n1,nope\n2,-',
      { hasHeader: true, column: 1 },
      ['nope', '-'],
    ],
    [
      'two such columns, of which the header names one',
      'logo,domain\ncdn.net/1.png,acme.com\ncdn.net/2.png,beta.org',
      { column: 1 },
      ['acme.com', 'beta.org'],
    ],
    [
      'a line that tells Excel the delimiter',
      'sep=;\r\nx;domain\r\n1;acme.com\r\n',
      { delimiter: ';', column: 1 },
      ['acme.com'],
    ],
    ['a header without a name', ',domain\n1,acme.com', { columns: ['column 1', 'domain'] }, ['acme.com']],
    [
      'blank lines and rows',
      '\n\ndomain,x\n\nacme.com,1\n,\n \nbeta.org,2\n\n',
      { hasHeader: true },
      ['acme.com', 'beta.org'],
    ],
    [
      'rows of different lengths',
      'domain,x\nacme.com\nbeta.org,1,2,3\n',
      { columns: ['domain', 'x'] },
      ['acme.com', 'beta.org'],
    ],
    ['a cell that is missing', 'x,domain\n1,acme.com\n2\n', {}, ['acme.com', '']],
  ])('of a table with %s', async (_what, text, expected, values) => {
    const open = opened(Buffer.from(text))
    const shape = await readShape(open, domains)
    expect(shape).toMatchObject(expected)
    expect((await rowsOf(readRows(open, shape))).map(({ value }) => value)).toEqual(values)
    expect(JSON.parse(JSON.stringify(shape))).toEqual(shape)
  })

  test.each<[what: string, text: string, override: ShapeOverride, values: string[]]>([
    ['the column by its header', 'a,B\nacme.com,x.org\nbeta.org,y.org', { column: 'b' }, ['x.org', 'y.org']],
    ['the column by its number', 'acme.com,x.org\nbeta.org,y.org', { column: '2' }, ['x.org', 'y.org']],
    ['that there is no header', 'domain\nacme.com', { hasHeader: false }, ['domain', 'acme.com']],
    ['that there is one', 'acme.com\nbeta.org', { hasHeader: true }, ['beta.org']],
    ['the delimiter', 'acme.com,1;beta.org', { delimiter: ';', column: '2' }, ['beta.org']],
    [
      'a header that looks like what is sought',
      'my.domain,x\nacme.com,1',
      { column: 'my.domain', hasHeader: true },
      ['acme.com'],
    ],
  ])('takes from the user %s', async (_what, text, override, values) => {
    const open = opened(Buffer.from(text))
    expect((await rowsOf(readRows(open, await readShape(open, domains, override)))).map(({ value }) => value)).toEqual(
      values,
    )
  })
})

describe('charsets', () => {
  const text = 'Firma,Domain\r\nMüller & Söhne,müller.de\r\n"Šárka, s.r.o.",sarka.cz\r\n'
  test.each<[what: string, bytes: Uint8Array, marked: boolean]>([
    ['UTF-8', Buffer.from(text), false],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`), true],
    ['UTF-16LE with a mark', Buffer.from(`\uFEFF${text}`, 'utf16le'), true],
    ['UTF-16BE with a mark', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(), true],
    ['UTF-16LE without', Buffer.from(text, 'utf16le'), true],
    ['UTF-16BE without', Buffer.from(text, 'utf16le').swap16(), true],
    ['windows-1252', windows1252(text), true],
  ])('%s', async (_what, bytes, marked) => {
    const open = opened(bytes, 7)
    const shape = await readShape(open, domains)
    expect(shape).toMatchObject({ columns: ['Firma', 'Domain'], column: 1, marked })
    expect((await rowsOf(readRows(open, shape))).map(({ cells }) => cells)).toEqual([
      ['Müller & Söhne', 'müller.de'],
      ['Šárka, s.r.o.', 'sarka.cz'].map((cell) => (bytes.includes(0x8a) ? cell.replaceAll('č', 'c') : cell)),
    ])
  })
})

test('a look that ends inside a character of UTF-8 does not take the table for another encoding', async () => {
  for (const before of ['', 'x']) {
    const open = opened(Buffer.from(`${before}domain,y\n${`acme.com,${'ü'.repeat(100)}\n`.repeat(10_000)}`))
    expect(await readShape(open, domains)).toMatchObject({ marked: false })
  }
})

test('a batch tells its first line that is no UTF-8, also far behind what the look has seen', async () => {
  const row = Buffer.from(`müller.de,${'x'.repeat(1_000)}\n`)
  const latin = windows1252('söhne.de,y\n')
  const open = opened(Buffer.concat([Buffer.from('domain,y\n'), ...Array(1_500).fill(row), latin, row, latin]))
  const shape = await readShape(open, domains)
  expect(shape).toMatchObject({ marked: false })
  const batches = await batchesOf(readRows(open, shape))
  expect(batches.map(({ guessedLine }) => guessedLine)).toEqual([undefined, 1_502])
  expect(batches[1]!.rows.slice(-3).map(({ value }) => value)).toEqual(['söhne.de', 'müller.de', 'söhne.de'])
})

describe('what cannot be read is named', () => {
  test.each<[what: string, bytes: Uint8Array | string, override: ShapeOverride, expected: object]>([
    ['nothing', '', {}, { code: 'empty_table' }],
    ['blank lines', '\n \n,,\n', {}, { code: 'empty_table' }],
    ['a spreadsheet', Buffer.from('PK\u0003\u0004....'), {}, { code: 'not_text' }],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), {}, { code: 'not_text', line: undefined }],
    ['a NUL', 'a,domain\nb,acme.com\nc\0,x\n', {}, { code: 'not_text', line: 3, column: 1 }],
    ['no column that fits', 'a,b\n1,2\n', {}, { code: 'column_not_found', message: expect.stringContaining('a, b') }],
    ['a column that is not there', 'a,b\n1,acme.com\n', { column: 'c' }, { code: 'unknown_column' }],
    ['a number beyond the columns', 'a,b\n1,acme.com\n', { column: '3' }, { code: 'unknown_column' }],
    ['a delimiter of two', 'a,b\n', { delimiter: '::' }, { code: 'bad_delimiter' }],
    [
      'a quote that is not closed',
      'x,domain\n\n"a\nb",acme.com\n1,"beta.org\n2,c.com\n',
      { delimiter: ',' },
      { code: 'quote_not_closed', line: 5, column: 2, message: expect.stringMatching(/^Line 5, column 2: /) },
    ],
    [
      'a row that is too long',
      `domain,x\nacme.com,${'y'.repeat(longestRowBytes)}\n`,
      {},
      { code: 'row_too_long', line: 2, column: 2 },
    ],
    ['too many columns', `domain\nacme.com${',x'.repeat(1000)}\n`, {}, { code: 'too_many_columns', line: 2 }],
  ])('%s', async (_what, bytes, override, expected) => {
    const reading = readAll(opened(Buffer.from(bytes)), override)
    await expect(reading).rejects.toBeInstanceOf(TableError)
    await expect(reading).rejects.toMatchObject(expected)
  })

  test('rows before the fault are read', async () => {
    const good = 'acme.com,1\n'.repeat(200_000)
    const open = opened(Buffer.from(`${good}beta.org,"2\n`))
    const shape = await readShape(open, domains)
    let rows = 0
    await expect(async () => {
      for await (const batch of readRows(open, shape)) rows += batch.rows.length
    }).rejects.toMatchObject({ code: 'quote_not_closed', line: 200_001, column: 2 })
    expect(rows).toBe(200_000)
  })
})

const cell = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'ß', '€', '😀', ',', ';', '"', ' ', '\n', '\r\n', '\t', 'x.com'),
    maxLength: 8,
  }),
  fc.string({ unit: 'binary', maxLength: 5 }).map((text) => text.replaceAll('\0', '').toWellFormed()),
)
const table = fc
  .record({
    grid: fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 }))
      .chain(([width, height]) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: height, maxLength: height }),
      ),
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    lineEnds: fc.array(fc.constantFrom('\n', '\r\n', '\n\n'), { minLength: 1, maxLength: 3 }),
    lastEnd: fc.boolean(),
    encoding: fc.constantFrom('utf-8', 'utf-16le', 'utf-16be'),
    chunkBytes: fc.integer({ min: 1, max: 40 }),
    rowsAtOnce: fc.integer({ min: 1, max: 5 }),
  })
  .map((made) => ({ ...made, grid: made.grid.filter((row) => row.some((text) => text.trim() !== '')) }))
  .filter(({ grid }) => grid.length > 0)

describe('laws', () => {
  test(
    'any cells, written as RFC 4180 says, are read as they were, with their lines, and from every batch on',
    { timeout: 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(table, async ({ grid, delimiter, lineEnds, lastEnd, encoding, chunkBytes, rowsAtOnce }) => {
          let text = '\uFEFF'
          const lines: number[] = []
          for (const [i, row] of grid.entries()) {
            lines.push(text.split(/\r\n|\r|\n/).length)
            text += row.map((value) => `"${value.replaceAll('"', '""')}"`).join(delimiter)
            if (i < grid.length - 1 || lastEnd) text += lineEnds[i % lineEnds.length]!
          }
          const bytes = encoding === 'utf-8' ? Buffer.from(text) : Buffer.from(text, 'utf16le')
          if (encoding === 'utf-16be') bytes.swap16()
          const open = opened(bytes, chunkBytes)
          const override = { delimiter, hasHeader: false, column: '1' }
          const shape = await readShape(open, { what: '', looksLike: () => false, headers: /^\b$/ }, override)
          const batches = await batchesOf(readRows(open, shape, { rowsAtOnce }))
          const rows = batches.flatMap((batch) => batch.rows)
          expect(rows.map((row) => row.cells)).toEqual(grid)
          expect(rows.map((row) => row.line)).toEqual(lines)
          expect(rows.map((row) => row.index)).toEqual(grid.map((_, i) => i))
          for (const [i, { next }] of batches.entries()) {
            const rest = await rowsOf(readRows(open, shape, { from: next, rowsAtOnce }))
            expect(rest).toEqual(batches.slice(i + 1).flatMap((batch) => batch.rows))
          }
        }),
        { numRuns: 300 },
      )
    },
  )

  test('any bytes at all are read or refused with a TableError', { timeout: 60_000 }, async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom('"', ',', '\r', '\n', 'acme.com', ';"', '\0').map((text) => Buffer.from(text)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        try {
          for (const { cells } of await readAll(opened(Buffer.concat(pieces), 5), {}))
            for (const text of cells) expect(text.isWellFormed() && !text.includes('\0')).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(TableError)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('no more is asked for than is read', async () => {
    let asked = 0
    const open: OpenBytes = function* () {
      for (asked = 0; asked < 1_000; asked++) yield Buffer.from('acme.com,Berlin\n'.repeat(4_000))
    }
    const shape = await readShape(open, domains)
    expect(asked).toBeLessThan(20)
    for await (const { rows } of readRows(open, shape)) {
      expect(rows).toHaveLength(1_000)
      break
    }
    expect(asked).toBeLessThan(3)
  })
})

/** The bytes in chunks of a size. */
function opened(bytes: Uint8Array, chunkBytes = 65_536): OpenBytes {
  return function* (from) {
    for (let i = from; i < bytes.length; i += chunkBytes) yield bytes.subarray(i, i + chunkBytes)
  }
}

/** `č`, which the charset lacks, becomes `c`. */
function windows1252(text: string): Uint8Array {
  const codes: Record<string, number> = { Š: 0x8a }
  return Uint8Array.from(text.replaceAll('č', 'c'), (letter) => codes[letter] ?? letter.codePointAt(0)!)
}

async function readAll(open: OpenBytes, override: ShapeOverride): Promise<TableRow[]> {
  return rowsOf(readRows(open, await readShape(open, domains, override)))
}

async function rowsOf(reading: AsyncIterable<RowBatch<TableRow>>): Promise<TableRow[]> {
  return (await batchesOf(reading)).flatMap(({ rows }) => rows)
}

async function batchesOf(reading: AsyncIterable<RowBatch<TableRow>>): Promise<RowBatch<TableRow>[]> {
  return Array.fromAsync(reading)
}
