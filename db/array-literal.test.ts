import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { arrayLiteral } from './array-literal.ts'

const { pool } = await testDatabase()
const reread = async (type: string, values: readonly unknown[]) =>
  (await pool.query<{ value: unknown }>(`select $1::${type}[] as value`, [arrayLiteral(values)])).rows[0]!.value

test('Postgres reads whatever texts there are as they were', async () => {
  const text = fc.oneof(
    fc.constantFrom(
      '',
      'NULL',
      'null',
      '{}',
      '"',
      '\\',
      '\\n',
      '\\"',
      ',',
      ' a ',
      'a\nb',
      '\t\b\f\r\u0001\u001f',
      '\u2028',
      'é😀',
    ),
    fc.string({ unit: 'grapheme' }).filter((some) => !some.includes('\0')),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(text)), async (texts) => {
      expect(await reread('text', texts)).toEqual(texts)
    }),
    { numRuns: 200 },
  )
})

test.each([
  ['real', [1.5, -0.25, null, 1e-7]],
  ['bigint', [1, null, Number.MAX_SAFE_INTEGER]],
  ['boolean', [true, false, null]],
  ['uuid', ['00000000-0000-4000-8000-000000000001', null]],
])('%s', async (type, values) => {
  expect(await reread(type, values)).toEqual(values)
})

test('leaves to the driver what is no plain value', () => {
  for (const value of [new Date(0), [1], { a: 1 }, Buffer.from('a'), Number.NaN, 1n])
    expect(arrayLiteral([value])).toBeUndefined()
})

test('undefined is null', async () => {
  expect(await reread('text', ['a', undefined])).toEqual(['a', null])
})
