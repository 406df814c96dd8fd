import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { analyzeGrown } from './statistics.ts'

const { db } = await testDatabase()

test('analyzes a table once it has grown fourfold, and not before', async () => {
  await sql`create table growing (n int) with (autovacuum_enabled = false)`.execute(db)
  /** Whether it is analyzed when it has so many rows more. */
  const grown = async (rows: number) =>
    await db.connection().execute(async (one) => {
      await sql`insert into growing select generate_series(1, ${rows}::int)`.execute(one)
      await sql`select pg_stat_force_next_flush()`.execute(one)
      return (await analyzeGrown(one)).includes('public.growing')
    })
  expect(await grown(200), 'few').toBe(false)
  expect(await grown(800), '1,000 of none').toBe(true)
  expect(await grown(3_000), '4,000 of 1,000').toBe(false)
  expect(await grown(1), '4,001 of 1,000').toBe(true)
  expect(await grown(0), 'nothing new').toBe(false)
})
