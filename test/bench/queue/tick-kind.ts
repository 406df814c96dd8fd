import { type Kysely, sql } from 'kysely'
import { z } from 'zod'

import type { DB } from '../../../db/types.ts'
import type { JobKind } from '../../../jobs/job-kind.ts'

const input = z.object({
  shards: z.number().int().min(1),
  /** Each writes one row. */
  stepsPerShard: z.number().int().min(1).default(1),
  /** Each says at once that it goes on so much later. */
  laterMs: z.number().int().min(0).default(0),
})
const checkpoint = z.object({ at: z.number().int() })

const spawnedAtOnce = 1_000

/** The least that a job can do: `main` spawns shards, each step of them writes one row. */
export const tickKind: JobKind<z.infer<typeof input>, z.infer<typeof checkpoint>, string[]> = {
  kind: 'tick',
  title: 'Tick',
  description: 'Shards that write a row a step.',
  input,
  checkpoint,
  titleOf: ({ shards, stepsPerShard }) => `${shards} shards of ${stepsPerShard} steps`,
  example: {
    input: () => ({ shards: 3, stepsPerShard: 20, laterMs: 0 }),
    refused: [],
    compared: { tick_rows: ['row'] },
    duplicates: () => Promise.resolve(0),
  },
  io: () => null,

  async *run({ shard, input, checkpoint }) {
    let at = checkpoint?.at ?? 0
    if (input.laterMs > 0 && shard !== 'main')
      return { end: 'later', at: new Date(Date.now() + input.laterMs), why: 'told to wait' }
    const all = shard === 'main' ? input.shards : input.stepsPerShard
    while (at < all) {
      const from = at
      at = shard === 'main' ? Math.min(all, at + spawnedAtOnce) : at + 1
      const last = at === all && ({ end: { end: 'done' } } as const)
      if (shard === 'main')
        yield {
          batch: [],
          checkpoint: { at },
          spawn: Array.from({ length: at - from }, (_, i) => name(from + i)),
          ...last,
        }
      else
        yield {
          batch: [`${shard}-${from}`],
          checkpoint: { at },
          counts: { total: 1, succeeded: 1, results: 1 },
          ...last,
        }
    }
    return { end: 'done' }
  },

  async save(trx, { jobId }, batches) {
    const rows = batches.flat().sort()
    if (rows.length > 0)
      await sql`insert into tick_rows (job_id, row)
        select ${jobId}::bigint, r from unnest(${rows}::text[]) with ordinality u(r, o) order by o`.execute(trx)
    return {}
  },

  finish: () => Promise.resolve({ summary: {} }),
  retryFailed: {
    shards: () => sql`select null as key where false`,
    reopen: () => Promise.resolve({ failed: 0 }),
    checkpoint: sql`checkpoint`,
    mayGrow: false,
  },
}

/** The peer writes into the same table. A row that is written twice is an error. */
export async function createTickTable(db: Kysely<DB>): Promise<void> {
  await sql`create table tick_rows (job_id bigint, row text collate "C", primary key (job_id, row))`.execute(db)
}

function name(n: number): string {
  return `s${String(n).padStart(6, '0')}`
}
