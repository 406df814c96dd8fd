import { expect, test } from 'vitest'

import { endOfStep, type ResultKey, type ResultRow } from '../../db/result-list.ts'
import { ResultTail } from './result-tail.ts'

test('hands the same batch to all who have come equally far, and the rest of it to who stands in its midst', () => {
  const tail = new ResultTail(endOfStep(4))
  tail.takeIn(rows(5, 3), endOfStep(5))
  tail.takeIn(rows(7, 2), endOfStep(7))
  const first = tail.next(endOfStep(4))
  expect(first).toMatchObject({ results: rows(5, 3), cursor: endOfStep(5) })
  expect(tail.next(endOfStep(4))).toBe(first)
  expect(tail.next([5, 50, 0])).toMatchObject({ results: rows(5, 3).slice(1), cursor: endOfStep(5) })
  expect(tail.next(endOfStep(5))).toMatchObject({ results: rows(7, 2) })
  expect(tail.next(endOfStep(6))).toMatchObject({ results: rows(7, 2) })
  expect(tail.next(endOfStep(7))).toBeUndefined()
})

test('keeps the last 2,000 results: who is further behind reads them', () => {
  const tail = new ResultTail(endOfStep(0))
  for (let step = 1; step <= 10; step++) tail.takeIn(rows(step, 500), endOfStep(step))
  expect(tail.next(endOfStep(5))).toBe('read')
  expect(tail.next(endOfStep(6))).toMatchObject({ cursor: endOfStep(7) })
})

test('lets go of what was told: who is behind reads it, and what comes is told to all', () => {
  const tail = new ResultTail(endOfStep(1))
  tail.takeIn(rows(2, 3), endOfStep(2))
  tail.letGo()
  expect(tail.next(endOfStep(1))).toBe('read')
  expect(tail.next(endOfStep(2))).toBeUndefined()
  tail.takeIn(rows(3, 1), endOfStep(3))
  expect(tail.next(endOfStep(2))).toMatchObject({ results: rows(3, 1) })
})

test('a look that finds nothing moves on nobody but the next look', () => {
  const tail = new ResultTail(endOfStep(1))
  expect(tail.takeIn([], endOfStep(9))).toBe(false)
  expect(tail.seen).toEqual(endOfStep(9))
  expect(tail.next(endOfStep(1))).toBeUndefined()
  tail.takeIn(rows(10, 1), endOfStep(10))
  expect(tail.next(endOfStep(1))).toMatchObject({ results: rows(10, 1) })
})

test('a job ends anew when it has yielded more since', () => {
  const tail = new ResultTail(endOfStep(1))
  expect(tail.end(false)).toBe(false)
  expect(tail.end(true)).toBe(true)
  const { ended } = tail
  expect(tail.end(true)).toBe(false)
  expect(tail.ended).toBe(ended)
  tail.takeIn(rows(2, 1), endOfStep(2))
  expect(tail.end(true)).toBe(true)
  expect(tail.ended).toMatchObject({ results: [], cursor: endOfStep(2), ended: true })
})

/** So many results of a step, of group 10 times its number. */
function rows(step: number, count: number): ResultRow[] {
  const keys = Array.from({ length: count }, (_, place): ResultKey => [step, step * 10, place])
  return keys.map(([, groupId, place]) => ({ step, groupId, place }) as ResultRow)
}
