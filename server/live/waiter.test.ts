import { expect, test } from 'vitest'

import { pulled, Waiter, wakeInTurns } from './waiter.ts'

test('a wait ends by news, by its time, and by closing', async () => {
  const waiter = new Waiter()
  const waiting = waiter.wait()
  waiter.wake()
  expect(await waiting).toBe(true)
  expect(await waiter.wait(1)).toBe(true)
  const last = waiter.wait()
  waiter.close()
  expect(await last).toBe(false)
  expect(await waiter.wait()).toBe(false)
})

test('an iterator that waits for news ends at once when told to, and cleans up', async () => {
  let cleaned = false
  const iterator = pulled(async function* (waiter) {
    try {
      yield 1
      while (await waiter.wait()) yield 2
    } finally {
      cleaned = true
    }
  })
  expect(await iterator.next()).toEqual({ done: false, value: 1 })
  const pending = iterator.next()
  await iterator.return!()
  expect(await pending).toEqual({ done: true, value: undefined })
  expect(cleaned).toBe(true)
})

test('an iterator that nobody pulled does nothing', async () => {
  let begun = false
  const iterator = pulled(async function* () {
    begun = true
    yield 1
  })
  await iterator.return!()
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
  expect(begun).toBe(false)
})

test('many are woken in several turns, and again those who were woken before the last news', async () => {
  const woken: number[] = []
  const waiters = new Set<Waiter>()
  for (let i = 0; i < 600; i++) {
    const waiter = new Waiter()
    waiters.add(waiter)
    void (async () => {
      while (await waiter.wait()) woken.push(i)
    })()
  }
  const wake = wakeInTurns(waiters)
  wake()
  await Promise.resolve()
  await new Promise((resolve) => process.nextTick(resolve))
  expect(woken.length).toBeLessThan(600)
  wake()
  await expect.poll(() => woken.filter((i) => i === 599).length).toBe(2)
  expect(woken.filter((i) => i === 0).length).toBe(2)
})
