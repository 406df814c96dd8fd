import { expect, test } from 'vitest'

import { driveKind } from '../../test/support/drive-kind.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import type { Care } from '../job-kind.ts'
import { createOutgoing } from '../outgoing.ts'
import { verifyEmails } from './job.ts'
import { rowsPerShard, shardOfRows } from './row-ranges.ts'
import type { VerifyBatch } from './verify-batch.ts'

const { db } = await testDatabase()
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
const rows = 800
const perShard = 100

test.each<[care: Care, steps: number[], givenUp: number]>([
  ['normal', [100], 0],
  ['one-item', [1, 2, 4, 8, 16, 32, 37], 0],
  ['give-up-one', [1, 1, 2, 4, 8, 16, 32, 36], 1],
])(
  'a run that must be careful begins with one address and is soon as fast as before: %s',
  async (care, steps, givenUp) => {
    expect(rowsPerShard(rows, 'SYNTAX')).toBe(perShard)
    const answered: number[] = []
    const { counts, findings } = await driveKind(verifyEmails, {
      db,
      outgoing,
      input: {
        emails: Array.from({ length: rows }, (_, i) => `person${i}@${care}-firm.com`),
        depth: 'SYNTAX',
        service: 'builtin',
        fromKnown: false,
        force: false,
      },
      care: (shard) => (shard === shardOfRows(perShard) ? care : 'normal'),
      onStep({ batch }) {
        const { found } = batch as VerifyBatch
        if (found.some(({ position }) => position >= perShard && position < 2 * perShard)) answered.push(found.length)
      },
    })
    expect(answered).toEqual(steps)
    expect(counts).toMatchObject({ total: rows, succeeded: rows - givenUp, failed: givenUp })
    expect(findings).toHaveLength(givenUp)
  },
)

test('of an address that several shards meet, and cannot check, one finding is told', async () => {
  const people = Array.from({ length: 5 }, (_, i) => `person${i}@nowhere-works.com`)
  const { counts, findings } = await driveKind(verifyEmails, {
    db,
    outgoing,
    // Nobody answers there.
    settings: { dnsServers: ['127.0.0.1:9'] },
    input: {
      emails: Array.from({ length: 8 }, () => people).flat(),
      depth: 'DNS',
      service: 'builtin',
      fromKnown: false,
      force: false,
    },
    atOnce: 8,
  })
  expect(counts).toMatchObject({ total: 40, succeeded: 0, failed: 5, skipped: 35 })
  expect(findings.map(({ item }) => item ?? '').sort((a, b) => (a < b ? -1 : 1))).toEqual(people)
})
