import { expect, test } from 'vitest'

import type { VerifyIo } from './io.ts'
import { openList } from './list-source.ts'

test('a list that is not read to its end leaves no file open', async () => {
  let open = 0
  async function* bytes() {
    open++
    try {
      yield Buffer.from('email\n')
      for (let i = 0; i < 10_000; i++) yield Buffer.from(`person${i}@firm.com\n`)
    } finally {
      open--
    }
  }
  const io = { openUpload: async () => bytes } as Partial<VerifyIo> as VerifyIo
  const input = { upload: 'list', depth: 'SYNTAX', service: 'builtin', fromKnown: false, force: false } as const
  const list = await openList({ input, io, jobId: 1 }, undefined)
  for await (const { rows } of list.portions(undefined, 10)) {
    expect(rows).toHaveLength(10)
    expect(open).toBe(1)
    break
  }
  expect(open).toBe(0)
})
