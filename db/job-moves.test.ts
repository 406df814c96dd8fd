import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { addJob } from '../test/support/rows.ts'
import { moveResumed, openShards } from './job-moves.ts'

const { db } = await testDatabase()

test('a job is not resumed with what was open before a retry', async () => {
  const id = await addJob(db, { state: 'CANCELLED' })
  const resume = (between: () => Promise<unknown>) =>
    db.transaction().execute(async (trx) => {
      const opened = await openShards(trx, [id])
      await between()
      return moveResumed(trx, [id], opened, ['CANCELLED'])
    })
  const retried = async () => {
    await sql`insert into job_shards (job_id, key, state) values (${id}, 'main', 'NEW')`.execute(db)
    await sql`update jobs set open_shards = 1, unsent_shards = 1 where id = ${id}`.execute(db)
  }
  expect(await resume(retried)).toEqual([])
  // Its last shard would never have run.
  expect(await resume(() => Promise.resolve())).toMatchObject([{ id }])
  expect(await db.selectFrom('jobs').select('state').where('id', '=', id).executeTakeFirst()).toEqual({
    state: 'RUNNING',
  })
})
