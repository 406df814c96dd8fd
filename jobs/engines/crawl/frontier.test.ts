import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { createFrontier, fetchOrder, type Place } from './frontier.ts'

const place = fc.record({
  priority: fc.integer({ min: 0, max: 3 }),
  depth: fc.integer({ min: 0, max: 3 }),
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
})
const action = fc.oneof(place, fc.constant('take' as const))

test('takes by priority, then depth, then key', () => {
  const frontier = createFrontier<Place>([
    { priority: 5, depth: 1, key: 'b' },
    { priority: 5, depth: 1, key: 'a' },
    { priority: 5, depth: 0, key: 'z' },
    { priority: 1, depth: 9, key: 'y' },
  ])
  expect(frontier.size).toBe(4)
  expect([...takeAll(frontier)].map(({ key }) => key)).toEqual(['y', 'z', 'a', 'b'])
  expect(frontier.size).toBe(0)
})

test('behaves as a list that is sorted each time', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.option(place, { nil: undefined }), (actions, horizon) => {
      const frontier = createFrontier<Place>([], horizon)
      const list = new Map<string, Place>()
      const taken: [Place | undefined, Place | undefined][] = []
      const sizes: [number, number][] = []
      for (const step of actions) {
        if (step === 'take') {
          const first = [...list.values()].sort(fetchOrder)[0]
          taken.push([frontier.peek(), first], [frontier.take(), first])
          if (first) list.delete(first.key)
        } else {
          frontier.put(step)
          list.delete(step.key)
          if (!horizon || fetchOrder(step, horizon) <= 0) list.set(step.key, step)
        }
        sizes.push([frontier.size, list.size])
      }
      for (const [given, expected] of [...taken, ...sizes]) expect(given).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})

function* takeAll(frontier: ReturnType<typeof createFrontier<Place>>) {
  for (let page = frontier.take(); page; page = frontier.take()) yield page
}
