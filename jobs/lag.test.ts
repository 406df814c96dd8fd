import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test } from 'vitest'

import { watchLag } from './lag.ts'

test('tells how late a busy process is, since a moment', async () => {
  const lag = watchLag()
  onTestFinished(() => lag.stop())
  await sleep(50)
  const before = performance.now()
  while (performance.now() - before < 300);
  await sleep(50)
  expect(lag.since(before)).toBeGreaterThan(250)
  expect(lag.since(performance.now())).toBe(0)
})
