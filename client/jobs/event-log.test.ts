import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { beforeFirstGap, mergeEvents } from './event-log.ts'

const events = (...seqs: number[]) => seqs.map((seq) => ({ seq }))

test('the tail is put behind what is known', () => {
  expect(mergeEvents(events(1, 2), events(3, 4))).toEqual(events(1, 2, 3, 4))
})

test('a replay that overlaps doubles nothing', () => {
  expect(mergeEvents(events(1, 2, 3), events(2, 3, 4))).toEqual(events(1, 2, 3, 4))
})

test('an earlier page of the history is put before', () => {
  expect(mergeEvents(events(5, 6), events(3, 4))).toEqual(events(3, 4, 5, 6))
})

test('a hole is found, and filled by the replay behind it', () => {
  const holed = mergeEvents(events(1, 2), events(5, 6))
  expect(beforeFirstGap(holed)).toBe(2)
  expect(beforeFirstGap(mergeEvents(holed, events(3, 4, 5)))).toBeUndefined()
})

test('however deliveries overlap, repeat and cross, the log is each event once and in order', () => {
  const batches = fc.array(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }), { maxLength: 10 })
  fc.assert(
    fc.property(batches, (all) => {
      const log = all.reduce((known, batch) => mergeEvents(known, events(...batch)), events())
      expect(log).toEqual(events(...[...new Set(all.flat())].sort((a, b) => a - b)))
    }),
  )
})
