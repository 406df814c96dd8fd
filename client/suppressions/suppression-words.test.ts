import { expect, test } from 'vitest'

import { addressOfRow, consequencesOfTakingOff, wordsOfForgotten, wordsOfSuppressed } from './suppression-words.ts'

test.each([
  [{ added: 1, known: 0, unreadable: 0 }, '1 address put on the list.'],
  [
    { added: 1_200, known: 1, unreadable: 0 },
    '1,200 addresses put on the list. 1 was there already and keeps its reason.',
  ],
  [{ added: 0, known: 2, unreadable: 0 }, 'No address is new on the list. 2 were there already and keep their reason.'],
  [
    { added: 2, known: 0, unreadable: 1 },
    '2 addresses put on the list. 1 piece with an @ is no address and was passed over.',
  ],
])('%j: %s', (suppressed, words) => {
  expect(wordsOfSuppressed(suppressed)).toBe(words)
})

test('says how many rows went with a person', () => {
  expect(wordsOfForgotten(1)).toContain('1 row about them is removed')
  expect(wordsOfForgotten(4_000)).toContain('4,000 rows about them are removed')
  expect(wordsOfForgotten(0)).toContain('No row was about them')
})

test('an objection is not heard a second time, and the dialog says so', () => {
  expect(consequencesOfTakingOff('OBJECTION')).toContain('does not bring it back')
  expect(consequencesOfTakingOff('PERSON')).not.toContain('objection')
})

test('a forgotten person is known by the whole address that was searched for, and not by one in the reason', () => {
  const row = { address: null, reason: 'asked by bob@example.com' }
  expect(addressOfRow({ ...row, address: 'eve@example.com' }, 'eve')).toBe('eve@example.com')
  expect(addressOfRow(row, 'ada@example.com')).toBe('ada@example.com')
  expect(addressOfRow(row, 'BOB@example.com')).toBeUndefined()
  expect(addressOfRow(row, 'asked')).toBeUndefined()
  expect(addressOfRow(row, '')).toBeUndefined()
})
