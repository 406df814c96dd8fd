import { promisify } from 'node:util'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { hostList } from './engines/crawl/host-list.ts'
import { createGuard } from './outgoing-guard.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

// Public addresses are only looked up here, never dialled.
const publicAddress = '2a00:1450::1'
const at = (hostname: string) => ({ hostname, protocol: 'http:', port: '' })

function guarded(...answers: string[][]) {
  let asked = 0
  const guard = createGuard(hostList([]), async () => answers[asked++]!)
  const dials = (hostname: string) => promisify(guard.lookup.others)(hostname, { all: true })
  return { guard, dials, asked: () => asked }
}

test('a name that is bound anew between the check and the dial is dialled where it was checked', async () => {
  const { guard, dials, asked } = guarded([publicAddress], ['127.0.0.1'])
  expect(await guard.address(at('rebound.example'))).toBe(publicAddress)
  expect(await dials('rebound.example')).toEqual([{ address: publicAddress, family: 6 }])
  expect(asked()).toBe(1)
  vi.advanceTimersByTime(31_000)
  await expect(dials('rebound.example')).rejects.toMatchObject({ category: 'blocked' })
})

test('of several addresses only the public ones are dialled', async () => {
  const { guard, dials } = guarded(['10.0.0.1', publicAddress, '::ffff:10.0.0.1'])
  expect(await dials('mixed.example')).toEqual([{ address: publicAddress, family: 6 }])
  expect(await guard.address(at('mixed.example'))).toBe(publicAddress)
})

test('a name is asked for again when it did not resolve', async () => {
  let asked = 0
  const guard = createGuard(hostList([]), async () => {
    if (++asked === 1) throw new Error('no answer')
    return [publicAddress]
  })
  await expect(guard.address(at('late.example'))).rejects.toThrow('no answer')
  expect(await guard.address(at('late.example'))).toBe(publicAddress)
})
