import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { OrderColumn } from '../db/keyset.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

const columns: OrderColumn[] = [
  { column: 'seq', type: 'bigint' },
  { column: 'address', type: 'text' },
]

test('a cursor gives back the key that it was made of', () => {
  const values = fc.tuple(
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
  )
  fc.assert(
    fc.property(values, (key) => {
      expect(decodeCursor(encodeCursor('FOUND', key), 'FOUND', columns)).toEqual(key)
    }),
  )
})

test('a moment keeps its microseconds', () => {
  const key = ['2026-11-22 09:30:00.123456+00', 7]
  const order: OrderColumn[] = [
    { column: 'created_at', type: 'timestamptz' },
    { column: 'id', type: 'bigint' },
  ]
  expect(decodeCursor(encodeCursor('CREATED', key), 'CREATED', order)).toEqual(key)
})

test('whatever a client sends is either a key or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((text) => Buffer.from(text).toString('base64url')),
      ),
      (cursor) => {
        expect(() => decodeCursor(cursor, 'FOUND', columns)).toThrow(/cursor/)
      },
    ),
  )
})

test.each([
  ['a cursor of another order', ['ADDRESS', 1, 'a@b.example'], 'belongs to the order ADDRESS'],
  ['a key too short', ['FOUND', 1], 'no cursor'],
  ['a key too long', ['FOUND', 1, 'a', 2], 'no cursor'],
  ['a broken number', ['FOUND', 1.5, 'a'], 'no cursor'],
  ['a number beyond 2^53', ['FOUND', 2 ** 60, 'a'], 'no cursor'],
  ['text that Postgres does not take', ['FOUND', 1, 'a\0'], 'no cursor'],
  ['an object', ['FOUND', { a: 1 }, 'a'], 'no cursor'],
])('refuses %s', (_what, parts, message) => {
  const cursor = Buffer.from(JSON.stringify(parts)).toString('base64url')
  expect(() => decodeCursor(cursor, 'FOUND', columns)).toThrow(message)
})
