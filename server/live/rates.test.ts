import { expect, test } from 'vitest'

import { createRates } from './rates.ts'

function clocked() {
  let now = 1_000_000
  const rates = createRates(() => now)
  /** Samples every `everyMs` with so many items more each time. */
  const run = (times: number, everyMs: number, items: number, from: number) => {
    let done = from
    for (let i = 0; i < times; i++) {
      now += everyMs
      done += items
      rates.sample(1, done)
    }
    return done
  }
  return { rates, run, pass: (ms: number) => (now += ms) }
}

test('there is no rate before two samples a second apart', () => {
  const { rates, run } = clocked()
  expect(rates.of(1)).toBeUndefined()
  run(3, 250, 10, 0)
  expect(rates.of(1)).toBeUndefined()
  run(3, 250, 10, 30)
  expect(rates.of(1)).toBe(40)
})

test('the rate is that of the last 10 seconds, however often samples come', () => {
  const { rates, run } = clocked()
  let done = run(40, 250, 25, 0)
  done = run(1_000, 10, 0.5, done)
  expect(rates.of(1)).toBeCloseTo(50, 0)
  run(50, 250, 0, done)
  expect(rates.of(1)).toBe(0)
})

test('the rate starts anew where items are tried again', () => {
  const { rates, run } = clocked()
  run(40, 250, 25, 0)
  run(1, 250, 0, 400)
  expect(rates.of(1)).toBeUndefined()
  run(8, 250, 5, 400)
  expect(rates.of(1)).toBeCloseTo(20, 0)
})

test('a job that nobody samples any more has no rate and is forgotten', () => {
  const { rates, run, pass } = clocked()
  run(10, 250, 10, 0)
  pass(16_000)
  expect(rates.of(1)).toBeUndefined()
  rates.forgetStale()
  run(1, 100, 5, 500)
  expect(rates.of(1)).toBeUndefined()
})
