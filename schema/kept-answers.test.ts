import { expect, test } from 'vitest'

import { keptAnswers } from './kept-answers.ts'

function workshop() {
  let nowMs = 0
  let times = 0
  const ask = keptAnswers<number>(() => nowMs)
  return {
    pass: (ms: number) => void (nowMs += ms),
    asked: (tookMs: number, key = 'sums') =>
      ask(key, async () => {
        times++
        const mine = times
        nowMs += tookMs
        await Promise.resolve()
        return mine
      }),
  }
}

test('what took long is kept for ten times as long', async () => {
  const { asked, pass } = workshop()
  expect(await asked(200)).toBe(1)
  pass(2_000)
  expect(await asked(200)).toBe(1)
  pass(1)
  expect(await asked(200)).toBe(2)
})

test('what is quick is worked out each time, and each question has an answer of its own', async () => {
  const { asked } = workshop()
  expect(await asked(99)).toBe(1)
  expect(await asked(99)).toBe(2)
  expect(await asked(200, 'others')).toBe(3)
  expect(await asked(200)).toBe(4)
})

test('who asks while it is worked out waits for the same', async () => {
  const { asked } = workshop()
  const both = [asked(1), asked(1)]
  expect(await Promise.all(both)).toEqual([1, 1])
})

test('a failure is not kept', async () => {
  const ask = keptAnswers<number>()
  await expect(ask('sums', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  expect(await ask('sums', () => Promise.resolve(1))).toBe(1)
})
