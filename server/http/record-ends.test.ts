import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { withCrLf, withinArray } from './record-ends.ts'

const records = fc.array(
  fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'ü', '😀') }), { minLength: 1, maxLength: 4 }),
)
const cuts = fc.array(fc.nat(20), { maxLength: 10 })
const cell = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
const csvOf = (rows: string[][], end: string) => rows.map((row) => row.map(cell).join(',') + end).join('')

test('each record ends with CRLF and no cell is changed, wherever the chunks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(records, cuts, async (rows, at) => {
      expect(await text(Readable.from(withCrLf(inPieces(csvOf(rows, '\n'), at))))).toBe(csvOf(rows, '\r\n'))
    }),
  )
})

test('lines of JSON become an array, wherever the chunks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string()), cuts, async (values, at) => {
      const lines = values.map((value) => `${JSON.stringify({ value })}\n`).join('')
      expect(JSON.parse(await text(Readable.from(withinArray(inPieces(lines, at)))))).toEqual(
        values.map((value) => ({ value })),
      )
    }),
  )
})

async function* inPieces(whole: string, at: number[]): AsyncGenerator<Buffer> {
  let rest = Buffer.from(whole)
  for (const length of at) {
    yield rest.subarray(0, length)
    rest = rest.subarray(length)
  }
  yield rest
}
