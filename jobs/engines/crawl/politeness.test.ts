import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { backoffMs, delayMs, slowedMs, smoothedLatencyMs } from './politeness.ts'

test.each<
  [
    what: string,
    minDelayMs: number,
    crawlDelaySeconds: number | undefined,
    latencyMs: number | undefined,
    expected: number,
  ]
>([
  ['our minimum', 1_000, undefined, undefined, 1_000],
  ['a longer Crawl-delay', 1_000, 2.5, 100, 2_500],
  ['a shorter Crawl-delay', 1_000, 0.1, 100, 1_000],
  ['a Crawl-delay of a day', 1_000, 86_400, 100, 300_000],
  ['a slow host', 1_000, undefined, 4_000, 4_000],
  ['a stuck host', 1_000, undefined, 90_000, 30_000],
  ['a quick host without a minimum', 0, undefined, 40, 0],
])('the delay is %s', (_what, minDelayMs, crawlDelaySeconds, latencyMs, expected) => {
  expect(delayMs({ minDelayMs, crawlDelaySeconds, latencyMs })).toBe(expected)
})

test('the delay is a whole number and never under what anybody asked for', () => {
  const latency = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined })
  const seconds = fc.option(fc.double({ min: 0, max: 300, noNaN: true }), { nil: undefined })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600_000 }), seconds, latency, (minDelayMs, crawlDelaySeconds, latencyMs) => {
      const delay = delayMs({ minDelayMs, crawlDelaySeconds, latencyMs })
      expect(Number.isInteger(delay)).toBe(true)
      expect(delay).toBeGreaterThanOrEqual(minDelayMs)
      expect(delay).toBeGreaterThanOrEqual((crawlDelaySeconds ?? 0) * 1_000)
    }),
  )
})

test('the smoothed latency goes towards the newest', () => {
  expect(smoothedLatencyMs(undefined, 300)).toBe(300)
  expect(smoothedLatencyMs(300, 600)).toBe(400)
  expect(smoothedLatencyMs(300, 0)).toBe(200)
})

test('a host that wants fewer requests slows us down, and for a while only', () => {
  expect(slowedMs(0, true)).toBe(1_000)
  expect(slowedMs(1_500, true)).toBe(3_000)
  expect(slowedMs(29_000, true)).toBe(30_000)
  expect(slowedMs(0, false)).toBe(0)
  let ms = 30_000
  let answers = 0
  for (; ms > 0; answers++) ms = slowedMs(ms, false)
  expect(answers).toBeGreaterThan(20)
  expect(answers).toBeLessThan(100)
  expect(delayMs({ minDelayMs: 1_000, crawlDelaySeconds: 2, latencyMs: 100, slowedMs: 500 })).toBe(2_500)
})

describe('backoff', () => {
  test.each([
    [1, undefined, 0, 5_000],
    [2, undefined, 0, 10_000],
    [3, undefined, 0.999, 24_995],
    [40, undefined, 0, 600_000],
    [1, 2_000, 0, 2_000],
    [9, 2_000, 0, 2_000],
    [1, 86_400_000, 0.5, 86_400_250],
  ])('time %d, said %s', (times, said, random, expected) => {
    expect(backoffMs(times, said, random)).toBe(expected)
  })
})
