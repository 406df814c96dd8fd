import { expect, test } from 'vitest'

import { formatDay } from '../ui/format.ts'
import { wordsOfHold } from './verdict-words.ts'

test.each([
  ['2026-11-28T10:00:00Z', 'Holds for 1 d'],
  ['2026-11-27T10:20:30Z', 'Holds for 20 min'],
  ['2026-12-24T10:00:00Z', `Holds until ${formatDay('2026-12-24T10:00:00Z')}`],
  ['2026-11-27T10:00:00Z', 'Holds no more'],
])('a verdict that holds until %s', (until, words) =>
  expect(wordsOfHold(until, Date.parse('2026-11-27T10:00:00Z'))).toBe(words),
)
