import { expect, test } from 'vitest'

import {
  addressOfRow,
  consequencesOfTakingOff,
  parseForgotten,
  wordsOfForgotten,
  wordsOfSuppressed,
} from './suppression-words.ts'

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

test.each([
  [{ rows: 1, texts: 0 }, ': 1 row about them is removed, and no text names them.'],
  [{ rows: 4_000, texts: 1 }, ': 4,000 rows about them are removed, and 1 text names them no more.'],
  [{ rows: 0, texts: 2 }, ': no row was about them, and 2 texts name them no more.'],
  [{ rows: 0, texts: 0 }, '. No row was about them, and no text named them.'],
])('says what went with a person: %j', (forgotten, words) => {
  expect(wordsOfForgotten(forgotten)).toBe(`The person is forgotten${words}`)
})

test('of what another page has left in the history only the counts are taken, and nothing where they are missing', () => {
  expect(parseForgotten({ __typename: 'ForgetSuccess', rows: 3, texts: 0 })).toEqual({ rows: 3, texts: 0 })
  for (const found of [undefined, null, 'forgotten', 7, {}, { rows: 3 }, { rows: '3', texts: 0 }])
    expect(parseForgotten(found)).toBeUndefined()
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
