import { expect, test } from 'vitest'

import { methodWords } from './method-words.ts'

test('names of methods as people write them, and those that this page does not know as plain words', () => {
  const named = ['json-ld', 'at-words', 'hcard', 'rot13', 'data-attribute', 'a-new-way'].map(methodWords)
  expect(named).toEqual(['JSON-LD', 'words for the signs', 'hCard', 'ROT13', 'data attribute', 'a new way'])
})
