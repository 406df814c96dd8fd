import { expect, test } from 'vitest'

import { filtersNothing, passes } from './event-filter.ts'

const event = { type: 'finding', message: 'the host answered 404', url: 'https://example.com/Shop', item: null }

test.each([
  [{ types: [], text: '' }, true],
  [{ types: ['finding'], text: '' }, true],
  [{ types: ['job.'], text: '' }, false],
  [{ types: ['job.', 'finding'], text: 'ANSWERED' }, true],
  [{ types: [], text: 'shop' }, true],
  [{ types: [], text: '500' }, false],
])('%o lets a finding through: %s', (filter, through) => {
  expect(passes(event, filter)).toBe(through)
})

test('a dot at the end stands for all types that begin so', () => {
  expect(passes({ ...event, type: 'job.paused' }, { types: ['job.'], text: '' })).toBe(true)
  expect(passes({ ...event, type: 'jobless' }, { types: ['job.'], text: '' })).toBe(false)
})

test('a domain is found in its letters, and as DNS spells it', () => {
  const international = { ...event, message: 'xn--bcher-kva.de does not answer', url: null }
  expect(passes(international, { types: [], text: 'Bücher.de' })).toBe(true)
  expect(passes(international, { types: [], text: 'xn--b' })).toBe(true)
})

test('what lets everything through is known as such', () => {
  expect(filtersNothing({ types: [], text: '' })).toBe(true)
  expect(filtersNothing({ types: ['note'], text: '' })).toBe(false)
})
