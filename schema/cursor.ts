import { z } from 'zod'

import type { Key, OrderColumn } from '../db/keyset.ts'
import { badUserInput } from './bad-user-input.ts'

/** Values that a column's type takes: what stands in a cursor came from a client. */
const keyValues = {
  bigint: z.int(),
  integer: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1),
  real: z.number(),
  text: z.string().refine((text) => !text.includes('\0')),
  timestamptz: z.string().regex(/^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}$/),
  uuid: z.guid(),
} satisfies Record<OrderColumn['type'], z.ZodType<string | number>>

/** Opaque to clients: where a row stands in an order of that name. */
export function encodeCursor(order: string, key: Key): string {
  return Buffer.from(JSON.stringify([order, ...key])).toString('base64url')
}

/** The key in a cursor of this order. Throws BAD_USER_INPUT for a cursor of another order and for anything else. */
export function decodeCursor(cursor: string, order: string, columns: OrderColumn[]): Key {
  const parts = z
    .array(z.union([z.string(), z.number()]))
    .safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()))
  const [name, ...key] = parts.data ?? []
  if (key.length !== columns.length || !columns.every(({ type }, i) => keyValues[type].safeParse(key[i]).success))
    throw badUserInput('That is no cursor of this list.')
  if (name !== order) throw badUserInput(`That cursor belongs to the order ${name}, not to ${order}.`)
  return key
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
