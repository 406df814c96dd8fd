import { sql } from 'kysely'

import type { Example } from '../job-kind.ts'
import type { VerifyInput } from './input.ts'

const people = ['ada', 'grace', 'alan', 'edsger', 'barbara', 'donald', 'frances', 'john', 'kathleen', 'tony']

/** Three firms that take mail, with duplicates; one that does not, one that is gone, one whose name servers fail; and what is no address. */
export const example: Example<VerifyInput> = {
  dns: {
    'maker-works.com': { mx: [[10, 'mx.maker-works.com']] },
    'mx.maker-works.com': { a: ['203.0.114.10'] },
    'dealer-works.com': {
      mx: [
        [20, 'mx.maker-works.com'],
        [10, 'gone.dealer-works.com'],
      ],
    },
    'press-works.com': { a: ['203.0.114.11'] },
    'silent-works.com': { mx: [[0, '.']] },
    'inside-works.com': { mx: [[10, 'mx.inside-works.com']] },
    'mx.inside-works.com': { a: ['10.0.0.7'] },
    'broken-works.com': { fails: true },
  },
  input: () => ({
    emails: [
      ...people.map((name) => `${name}@maker-works.com`),
      ...people.map((name) => `${name}@dealer-works.com`),
      'Ada@Maker-Works.com',
      ...people.map((name) => `${name}@press-works.com`),
      'one@silent-works.com',
      'one@inside-works.com',
      'one@gone-works.com',
      'one@broken-works.com',
      'no address',
      'two..dots@maker-works.com',
      'grace@maker-works.com',
      'no address',
    ],
    depth: 'DNS',
    service: 'builtin',
    fromKnown: false,
    force: false,
  }),
  refused: [
    { input: {}, path: ['emails'] },
    { input: { emails: [] }, path: ['emails'] },
    { input: { emails: ['', '  '] }, path: ['emails'] },
    { input: { emails: [7] }, path: ['emails', 0] },
    { input: { emails: 'ada@example.com' }, path: ['emails'] },
    { input: { emails: ['ada@example.com'], depth: 'DEEP' }, path: ['depth'] },
    { input: { emails: ['ada@example.com'], depth: 'DNS', service: 'hunter' }, path: ['depth'] },
    { input: { emails: ['ada@example.com'], service: 'oracle' }, path: ['service'] },
    { input: { emails: ['ada@example.com'], maxAgeDays: -1 }, path: ['maxAgeDays'] },
  ],
  compared: {
    verify_items: ['position', 'domain', 'address', 'given'],
    job_verifications: [
      'domain',
      'address',
      'status',
      'reason',
      'score',
      'flags',
      'suggestion',
      'depth',
      'engine',
      'failed',
    ],
  },
  async duplicates(db, jobId) {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from (
        select i.address from verify_items i join verify_lists l on l.job_id = i.job_id where i.job_id = ${jobId} and i.address is not null
        group by i.address having count(distinct i.position / l.rows_per_shard) > 1) shared`.execute(db)
    return rows[0]!.n
  },
}
