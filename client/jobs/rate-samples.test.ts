import { expect, test } from 'vitest'

import { addSample } from './rate-samples.ts'
import type { RateSample } from './rate-samples.ts'

test('there is at most one sample a second', () => {
  const one = addSample([], { at: 0, perSecond: 1 })
  expect(addSample(one, { at: 999, perSecond: 2 })).toBe(one)
  expect(addSample(one, { at: 1_000, perSecond: 2 })).toHaveLength(2)
})

test('a day is kept in a bounded number of samples, in order, from its beginning to its end', () => {
  let samples: readonly RateSample[] = []
  for (let second = 0; second < 86_400; second++)
    samples = addSample(samples, { at: second * 1_000, perSecond: second })
  expect(samples.length).toBeLessThanOrEqual(241)
  expect(samples[0]!.at).toBe(0)
  expect(samples.at(-1)!.at).toBe(86_399_000)
  expect(samples.every((sample, index) => index === 0 || sample.at > samples[index - 1]!.at)).toBe(true)
})
