import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'

import { driveKind } from '../../test/support/drive-kind.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { addAddresses, addJob } from '../../test/support/rows.ts'
import { createOutgoing } from '../outgoing.ts'
import type { VerifyIo } from './io.ts'
import { verifyEmails } from './job.ts'
import { openList } from './list-source.ts'

const { db } = await testDatabase()
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
afterAll(() => outgoing.close())

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

test.each([
  [10_001, 'before all was read: the job fails and says so'],
  [2, 'after all was read: that changes nothing'],
])('of a job that found %i addresses, which is deleted %s', async (count) => {
  const found = await addJob(db, { owner: 'tester' })
  const addresses = Array.from({ length: count }, (_, i) => ({ address: `person${i}@firm.com` }))
  await addAddresses(db, found, { seq: 1, groupId: count }, addresses)
  const verified = driveKind(verifyEmails, {
    db,
    outgoing,
    input: { fromJob: String(found), depth: 'SYNTAX', service: 'builtin', fromKnown: false, force: false },
    onStep: () => void sql`update jobs set state = 'DELETED' where id = ${found}`.execute(db),
  })
  if (count === 2) expect((await verified).counts).toMatchObject({ total: 2, succeeded: 2 })
  else
    await expect(verified).rejects.toMatchObject({
      code: 'LIST_GONE',
      message: expect.stringContaining(`Job ${found}`),
    })
})
