import { expect, test } from 'vitest'
import { z } from 'zod'

import { inputWords } from './input-words.ts'

const schema = z.object({
  pages: z.number().int().min(1).max(1_000_000).optional(),
  names: z.array(z.string().min(1).max(3)).min(1).max(2).optional(),
  own: z.number().min(5, 'At least five of them.').optional(),
  flag: z.boolean().optional(),
})

test.each<[input: object, message: string]>([
  [{ pages: 0 }, 'This must be at least 1.'],
  [{ pages: 2_000_000 }, 'This must be at most 1,000,000.'],
  [{ pages: 1.5 }, 'This must be a whole number.'],
  [{ names: [] }, 'This must have at least 1 entry.'],
  [{ names: ['a', 'b', 'c'] }, 'This must have at most 2 entries.'],
  [{ names: [''] }, 'This must have at least 1 character.'],
  [{ names: ['long'] }, 'This must have at most 3 characters.'],
  [{ own: 1 }, 'At least five of them.'],
  [{ flag: 1 }, 'Invalid input: expected boolean, received number'],
])('%j', (input, message) => {
  const { error } = schema.safeParse(input, { error: inputWords })
  expect(error?.issues.map((issue) => issue.message)).toEqual([message])
})
