import { expect, test } from 'vitest'

import { formatDay } from '../ui/format.ts'
import { flagsOf, wordsOfHold, wordsOfResults } from './verdict-words.ts'

test.each([
  ['2026-11-28T10:00:00Z', 'Holds for 1 d'],
  ['2026-11-27T10:20:30Z', 'Holds for 20 min'],
  ['2026-12-24T10:00:00Z', `Holds until ${formatDay('2026-12-24T10:00:00Z')}`],
  ['2026-11-27T10:00:00Z', 'Holds no more'],
])('a verdict that holds until %s', (until, words) =>
  expect(wordsOfHold(until, Date.parse('2026-11-27T10:00:00Z'))).toBe(words),
)

test('results are counted, and those among them that are not an address', () => {
  expect(wordsOfResults([{ count: 1, notAddresses: 0 }])).toBe('1 result')
  const counts = [
    { count: 9, notAddresses: 0 },
    { count: 3, notAddresses: 2 },
  ]
  expect(wordsOfResults(counts)).toBe('12 results, 2 of them not an address and so invalid')
})

test('who came onto the list of suppressions behind the verdict is marked, and nobody twice', () => {
  expect(flagsOf({ flags: ['role'], suppressed: true })).toEqual(['role', 'suppressed'])
  expect(flagsOf({ flags: ['suppressed'], suppressed: true })).toEqual(['suppressed'])
  expect(flagsOf({ flags: ['role'], suppressed: false })).toEqual(['role'])
})
