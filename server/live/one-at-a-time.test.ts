import { expect, test } from 'vitest'

import { oneAtATime } from './one-at-a-time.ts'

test('callers during a run share the next one, which begins after they called', async () => {
  const gates: PromiseWithResolvers<void>[] = []
  let running = 0
  const call = oneAtATime(async () => {
    expect(++running).toBe(1)
    const gate = Promise.withResolvers<void>()
    gates.push(gate)
    await gate.promise
    running--
  })
  const first = call()
  const [second, third] = [call(), call()]
  expect(second).toBe(third)
  expect(gates).toHaveLength(1)
  gates[0]!.resolve()
  await first
  await expect.poll(() => gates.length).toBe(2)
  const fourth = call()
  expect(fourth).not.toBe(second)
  gates[1]!.resolve()
  await second
  await expect.poll(() => gates.length).toBe(3)
  gates[2]!.resolve()
  await fourth
  expect(gates).toHaveLength(3)
})

test('a run that fails tells its own callers alone', async () => {
  let runs = 0
  const call = oneAtATime(async () => {
    if (++runs === 1) throw new Error('first')
  })
  const first = call()
  const second = call()
  await expect(first).rejects.toThrow('first')
  await expect(second).resolves.toBeUndefined()
  await expect(call()).resolves.toBeUndefined()
})
