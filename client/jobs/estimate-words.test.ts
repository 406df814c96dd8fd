import { expect, test } from 'vitest'

import { wordsOfEstimate } from './estimate-words.ts'
import { kindWords } from './job-words.ts'

const nothing = {
  items: null,
  fresh: null,
  known: null,
  unusable: null,
  repeated: null,
  empty: null,
  suppressed: null,
  paidCalls: null,
  seconds: null,
}

test.each([
  [{ items: 50, seconds: 49 }, 'at most 50 entries, about 49 s'],
  [{ items: 1, seconds: 0 }, 'at most 1 entry'],
  [{ items: 11, fresh: 7, known: 4 }, '11 entries: 11 results (7 new, 4 known already)'],
  [
    { items: 23, fresh: 7, known: 3, unusable: 2, repeated: 8, empty: 2, suppressed: 1 },
    '23 entries: 12 results (7 new, 3 known already, 2 not an address), 11 skipped (8 repeated, 2 empty, 1 suppressed)',
  ],
  [
    { items: 1, fresh: 1, known: 0, unusable: 0, repeated: 0, empty: 0, suppressed: 0, paidCalls: 1, seconds: 120 },
    '1 entry: 1 result (1 new, 0 known already), at most 1 paid call, about 2 min',
  ],
  [
    { fresh: 90_000, known: 5, paidCalls: 80_000 },
    '90,005 results (90,000 new, 5 known already), at most 80,000 paid calls, and more',
  ],
])('%o', (estimate, words) => {
  expect(wordsOfEstimate({ ...nothing, ...estimate }, kindWords('VERIFY_EMAILS'))).toBe(words)
})

test('rows of a table that cannot be crawled are told', () => {
  const words = (unusable: number) => wordsOfEstimate({ ...nothing, items: 50, unusable }, kindWords('SCRAPE_EMAILS'))
  expect([words(0), words(1), words(3)]).toEqual([
    'at most 50 pages',
    'at most 50 pages, 1 row that cannot be crawled',
    'at most 50 pages, 3 rows that cannot be crawled',
  ])
})
