import { describe, expect, test } from 'vitest'

import {
  formatAbout,
  formatBytes,
  formatCount,
  formatCounted,
  formatDuration,
  formatMs,
  formatPart,
  formatPercent,
  formatRate,
  formatRelative,
  isSlow,
  withAcronyms,
} from './format.ts'

test('numbers are grouped', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567')
  expect(formatCounted(1, 'page')).toBe('1 page')
  expect(formatCounted(2_000, 'address', 'addresses')).toBe('2,000 addresses')
  expect(formatPart(15, 2_500, 'address', 'addresses')).toBe('15 of 2,500 addresses')
  expect(formatPart(1, 1, 'address', 'addresses')).toBe('1 address')
})

test('a percentage is rounded down, so that 100 % means all', () => {
  expect(formatPercent(99.99)).toBe('99%')
  expect(formatPercent(100)).toBe('100%')
})

test.each([
  ['Null mx', 'Null MX'],
  ['Found urls', 'Found URLs'],
  ['Mailsso', 'mails.so'],
  ['SMTP by Zerobounce', 'SMTP by ZeroBounce'],
])('%s is written %s', (words, written) => expect(withAcronyms(words)).toBe(written))

test.each([
  [0, '0/s'],
  [0.05, '3/min'],
  [3.46, '3.5/s'],
  [1234.5, '1,235/s'],
])('a rate of %d is %s', (rate, words) => expect(formatRate(rate)).toBe(words))

test('a rate that is watched keeps its unit until it has changed by much', () => {
  const written: string[] = []
  let slow: boolean | undefined
  for (const rate of [0.6, 0.45, 0.3, 0, 0.2, 0.5, 0.9, 1.2, 0.8]) {
    slow = isSlow(rate, slow)
    written.push(formatRate(rate, slow))
  }
  expect(written).toEqual(['0.6/s', '0.5/s', '0.3/s', '0/s', '12/min', '30/min', '54/min', '1.2/s', '0.8/s'])
})

test.each([
  [0, '0 s'],
  [59.6, '1 min'],
  [200, '3 min 20 s'],
  [7_500, '2 h 5 min'],
  [86_400, '1 d'],
  [97_200, '1 d 3 h'],
  [-5, '0 s'],
])('%d seconds are %s', (seconds, words) => expect(formatDuration(seconds)).toBe(words))

test.each([
  [40, '40 s'],
  [963, '16 min'],
  [7_500, '2 h 5 min'],
])('about %d seconds are %s', (seconds, words) => expect(formatAbout(seconds)).toBe(words))

test('sizes and durations have units', () => {
  expect(formatBytes(999)).toBe('999 B')
  expect(formatBytes(1_500_000)).toBe('1.5 MB')
  expect(formatMs(350)).toBe('350 ms')
  expect(formatMs(4_240)).toBe('4.2 s')
})

describe('relative times', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  test.each([
    ['2026-11-22T11:59:58Z', 'just now'],
    ['2026-11-22T12:00:01Z', 'just now'],
    ['2026-11-22T11:59:01Z', 'just now'],
    ['2026-11-22T11:59:00Z', '1 min ago'],
    ['2026-11-22T11:56:40Z', '3 min ago'],
    ['2026-11-22T09:30:00Z', '2 h ago'],
    ['2026-11-22T12:00:08Z', 'just now'],
    ['2026-11-22T12:00:45Z', 'in 45 s'],
    ['2026-11-01T12:00:00Z', 'Nov 1'],
    ['2025-11-01T12:00:00Z', 'Nov 1, 2025'],
  ])('%s is %s', (iso, words) => expect(formatRelative(iso, now)).toBe(words))
})
