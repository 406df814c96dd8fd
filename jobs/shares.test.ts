import fc from 'fast-check'
import { expect, test } from 'vitest'

import { fairPart, isScarce, sharesOf } from './shares.ts'

const demand = (slots: number, wants: number[], parked: Record<string, number>[] = []) => ({
  slots,
  parked,
  wants: wants.map((want, i) => ({ jobId: i + 1, slots: want })),
  starved: 0,
})
const tiers = (slots: number, wants: number[], parked: Record<string, number>[] = []) =>
  sharesOf(demand(slots, wants, parked)).groupConcurrency?.tiers

test('one job alone has no limit', () => {
  expect(sharesOf(demand(40, [40]))).toEqual({})
})

test.each([
  ['two that want all', 40, [40, 40], { 1: 20, 2: 20 }],
  ['a long one of one shard leaves the rest to a big one', 40, [40, 1], { 1: 39, 2: 1 }],
  ['what the modest leave goes to the others in equal parts', 40, [40, 4, 40], { 1: 18, 2: 4, 3: 18 }],
  ['more jobs than slots', 2, [2, 2, 2], { 1: 1, 2: 1, 3: 1 }],
])('%s', (_what, slots, wants, expected) => {
  expect(tiers(slots, wants)).toEqual(expected)
})

test('what is parked without a slot comes on top', () => {
  expect(tiers(40, [40, 40], [{ 1: 5 }, { 1: 2, 2: 1 }])).toEqual({ 1: 27, 2: 21 })
})

test('nobody gets more than it wants or less than a slot, and no slot stays empty while somebody wants it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 30 }),
      (slots, wants) => {
        const given = Object.values(tiers(slots, wants)!)
        given.forEach((count, i) => {
          expect(count).toBeGreaterThanOrEqual(1)
          expect(count).toBeLessThanOrEqual(wants[i]!)
        })
        const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)
        expect(sum(given)).toBeGreaterThanOrEqual(Math.min(slots, sum(wants)))
      },
    ),
  )
})

test.each([
  ['all of one worker', { workers: 1, running: 0, queued: 8 }, 0, 8],
  ['half of two', { workers: 2, running: 0, queued: 8 }, 0, 4],
  ['one may have one more', { workers: 2, running: 0, queued: 3 }, 0, 2],
  ['what runs counts', { workers: 2, running: 6, queued: 2 }, 4, 0],
  ['and for those who have less', { workers: 2, running: 6, queued: 2 }, 2, 2],
])('a fair part is %s', (_what, load, mine, expected) => {
  expect(fairPart(load, mine)).toBe(expected)
})

test('shards are scarce where all wants together are less than the slots', () => {
  expect(isScarce(demand(40, [8]))).toBe(true)
  expect(isScarce(demand(40, [30, 10]))).toBe(false)
})
