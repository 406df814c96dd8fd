import { expect, test } from 'vitest'

import { createKeyedGate } from './gate.ts'

const never = new AbortController().signal

test('lets so many of a key in, the others in their order, and other keys beside them', async () => {
  const enter = createKeyedGate(2)
  const inside: string[] = []
  const come = async (key: number, name: string) => {
    const leave = await enter(key, never)
    inside.push(name)
    return leave!
  }
  const [a, , c, d] = [come(1, 'a'), come(1, 'b'), come(1, 'c'), come(1, 'd')]
  await come(2, 'x')
  expect(inside).toEqual(['a', 'b', 'x'])
  ;(await a)()
  ;(await c)()
  await d
  expect(inside).toEqual(['a', 'b', 'x', 'c', 'd'])
})

test('who is told to stop waits no longer, and takes nobody’s place', async () => {
  const enter = createKeyedGate(1)
  const first = await enter(1, never)
  const stop = new AbortController()
  const stopped = enter(1, stop.signal)
  const next = enter(1, never)
  stop.abort()
  expect(await stopped).toBeUndefined()
  expect(await enter(1, stop.signal)).toBeUndefined()
  first!()
  expect(await next).toBeTypeOf('function')
})
