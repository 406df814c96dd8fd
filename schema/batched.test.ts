import { expect, test } from 'vitest'

import { batched } from './batched.ts'

test('loads of one turn are one call, and nothing is kept for the next', async () => {
  const calls: number[][] = []
  const load = batched((keys: number[]) => {
    calls.push(keys)
    return Promise.resolve(keys.map((key) => key * 2))
  })
  expect(await Promise.all([load(1), Promise.resolve().then(() => load(2)), load(1)])).toEqual([2, 4, 2])
  expect(await load(1)).toBe(2)
  expect(calls).toEqual([[1, 1, 2], [1]])
})

test('a load that fails fails for all who asked', async () => {
  const load = batched(() => Promise.reject(new Error('gone')))
  const results = await Promise.allSettled([load(1), load(2)])
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
})
