import { expect, test } from 'vitest'

import { driveKind } from '../../test/support/drive-kind.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import type { Care } from '../job-kind.ts'
import { createOutgoing } from '../outgoing.ts'
import { verifyEmails } from './job.ts'
import type { VerifyBatch } from './verify-batch.ts'

const { db } = await testDatabase()
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })

test.each<[care: Care, portions: number[]]>([
  ['normal', [5_000, 1_500]],
  ['one-item', [1, 5_000, 1_499]],
])('a list is stored by the thousand, also where its first row is looked at alone: %s', async (care, portions) => {
  const stored: number[] = []
  const { counts } = await driveKind(verifyEmails, {
    db,
    outgoing,
    input: {
      emails: Array.from({ length: 6_500 }, (_, i) => `person${i}@firm.com`),
      depth: 'SYNTAX',
      service: 'builtin',
      fromKnown: false,
      force: false,
    },
    care: (shard) => (shard === 'main' ? care : 'normal'),
    onStep: ({ batch }) =>
      void ((batch as VerifyBatch).rows.length > 0 && stored.push((batch as VerifyBatch).rows.length)),
  })
  expect(stored).toEqual(portions)
  expect(counts).toMatchObject({ total: 6_500, succeeded: 6_500 })
})
