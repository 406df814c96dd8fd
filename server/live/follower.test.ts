import { expect, test, vi } from 'vitest'

import { Follower, forward, over, type Take, wakeInTurns } from './follower.ts'

test('as an iterator it waits for news, and for what is read', async () => {
  const numbers = new Numbers()
  const first = numbers.next()
  numbers.give({ n: 1 })
  expect(await first).toEqual({ done: false, value: { n: 1 } })
  const second = numbers.next()
  const read = Promise.withResolvers<void>()
  numbers.give(read.promise)
  numbers.give({ n: 2 })
  read.resolve()
  expect(await second).toEqual({ done: false, value: { n: 2 } })
})

test('an iterator that waits for news ends at once when told to, and leaves once', async () => {
  const numbers = new Numbers()
  const pending = numbers.next()
  await numbers.return()
  expect(await pending).toEqual({ done: true, value: undefined })
  expect(await numbers.next()).toEqual({ done: true, value: undefined })
  await numbers.return()
  expect(numbers.left).toBe(1)
})

test('hands on what is there in the turn in which it comes, and all that is there together', () => {
  const numbers = new Numbers()
  const got: object[][] = []
  void forward(numbers, (items) => void got.push(items))
  numbers.give({ n: 1 })
  expect(got).toEqual([[{ n: 1 }]])
  numbers.quietly({ n: 2 })
  numbers.give({ n: 3 })
  expect(got[1]).toEqual([{ n: 2 }, { n: 3 }])
})

test('is asked for nothing while there is no room', async () => {
  const numbers = new Numbers()
  const room = Promise.withResolvers<void>()
  const sink = vi.fn<(items: object[]) => Promise<void> | undefined>()
  sink.mockReturnValueOnce(room.promise)
  void forward(numbers, sink)
  for (let n = 1; n <= 3; n++) numbers.give({ n })
  expect(sink.mock.calls).toEqual([[[{ n: 1 }]]])
  room.resolve()
  await vi.waitFor(() => expect(sink.mock.calls[1]).toEqual([[{ n: 2 }, { n: 3 }]]))
})

test('a read in the midst keeps the order', async () => {
  const numbers = new Numbers()
  const got: object[] = []
  void forward(numbers, (items) => void got.push(...items))
  const read = Promise.withResolvers<void>()
  numbers.quietly({ n: 1 }, read.promise, { n: 2 })
  numbers.wake()
  numbers.give({ n: 3 })
  expect(got).toEqual([{ n: 1 }])
  read.resolve()
  await vi.waitFor(() => expect(got).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]))
})

test('forwarding ends with its follower, and fails with it', async () => {
  const ending = new Numbers()
  const ended = forward(ending, () => undefined)
  ending.give(over)
  await ended
  expect(ending.left).toBe(1)
  const failing = new Numbers()
  const failed = forward(failing, () => undefined)
  failing.give(Promise.reject(new Error('the log cannot be read')))
  await expect(failed).rejects.toThrow('cannot be read')
  expect(failing.left).toBe(1)
})

test('what was taken before an error is handed on before it', async () => {
  const numbers = new Numbers()
  const got: object[] = []
  const failed = forward(numbers, (items) => void got.push(...items))
  numbers.quietly({ n: 1 }, { n: 2 })
  numbers.failing = true
  numbers.wake()
  await expect(failed).rejects.toThrow('cannot go on')
  expect(got).toEqual([{ n: 1 }, { n: 2 }])
  expect(numbers.left).toBe(1)
})

test('one that fails when it is woken keeps none of the others asleep', async () => {
  const woken: number[] = []
  const followers = Array.from({ length: 600 }, (_, i) => ({
    wake() {
      if (i === 3) throw new Error('it cannot wake up')
      woken.push(i)
    },
  }))
  const wake = wakeInTurns(new Set(followers))
  expect(wake).toThrow('it cannot wake up')
  await expect.poll(() => woken.length).toBe(599)
})

test('many are woken in several turns; with news in between all the way round from there', async () => {
  const woken: number[] = []
  const followers = Array.from({ length: 600 }, (_, i) => ({ wake: () => void woken.push(i) }))
  const wake = wakeInTurns(new Set(followers))
  wake()
  const first = woken.length
  expect(first).toBeLessThan(600)
  wake()
  await expect.poll(() => woken.length).toBe(600 + first)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const numbers = followers.map((_, i) => i)
  expect(woken).toEqual([...numbers, ...numbers.slice(0, first)])
})

test('those who come and go while all are woken keep nobody from the last news', async () => {
  const news = new Map<number, number>()
  let latest = 1
  const follower = (i: number) => ({ wake: () => void news.set(i, latest) })
  const followers = Array.from({ length: 900 }, (_, i) => follower(i))
  const all = new Set(followers)
  const wake = wakeInTurns(all)
  wake()
  await new Promise((resolve) => setImmediate(resolve))
  latest = 2
  all.delete(followers[0]!)
  all.delete(followers[899]!)
  for (let i = 900; i < 1_000; i++) all.add(follower(i))
  wake()
  all.delete(followers[1]!)
  await expect.poll(() => [...news.values()].filter((heard) => heard === 2).length).toBe(997)
})

class Numbers extends Follower<{ n: number }> {
  left = 0
  /** Fails where it has nothing more to give. */
  failing = false
  readonly #given: Take<{ n: number }>[] = []

  quietly(...takes: Take<{ n: number }>[]) {
    this.#given.push(...takes)
  }

  give(take: Take<{ n: number }>) {
    this.quietly(take)
    this.wake()
  }

  protected advance() {
    if (this.failing && this.#given.length === 0) {
      this.close()
      throw new Error('it cannot go on')
    }
    return this.#given.shift()
  }

  protected leave() {
    this.left++
  }
}
