import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'

import { controlBench, soundAgain } from '../support/control-bench.ts'
import { jobEnds, soundness, stateOf, until } from '../support/engine.ts'

const { db, work, start, bulk, jobOf } = await controlBench()

describe('bulk', () => {
  test('counts in a dry run, which is the default, and changes what may be asked', async () => {
    const ids = []
    for (let i = 0; i < 6; i++) ids.push((await start({ shards: 1, steps: 1, failing: [`marked-${i % 2}`] })).id)
    const title = await sql`update jobs set title = 'bulk one ' || id where id = any(${ids}::bigint[])`.execute(db)
    expect(Number(title.numAffectedRows)).toBe(6)
    const filter = { text: 'BULK ONE' }
    expect(await bulk('pauseJobs', filter)).toMatchObject({ count: 6, dryRun: true })
    expect(await stateOf(db, ids[0]!)).toBe('PENDING')
    expect(await bulk('pauseJobs', filter, false)).toMatchObject({ count: 6, dryRun: false })
    for (const id of ids) expect(await stateOf(db, id)).toBe('PAUSED')
    expect(await bulk('pauseJobs', filter, false)).toMatchObject({ count: 0 })
    expect(await bulk('cancelJobs', { ...filter, state: ['PAUSED'] }, false)).toMatchObject({ count: 6 })
    expect(await bulk('resumeJobs', { ...filter, state: ['RUNNING'] }, false)).toMatchObject({ count: 0 })
    expect(await bulk('resumeJobs', filter, false)).toMatchObject({ count: 6 })
    await work()
    for (const id of ids) await jobEnds(db, id)
    expect(await bulk('retryJobs', filter, true)).toMatchObject({ count: 0 })
    expect(await bulk('deleteJobs', { ...filter, kind: ['SCRAPE_EMAILS'] }, false)).toMatchObject({ count: 0 })
    expect(await bulk('deleteJobs', filter)).toMatchObject({ count: 6 })
    expect(await bulk('deleteJobs', filter, false)).toMatchObject({ count: 6 })
    expect(await jobOf(ids[0]!)).toBeNull()
  })

  test('retries only those in which something has failed', async () => {
    await work()
    const [bad, good] = [await start({ shards: 2, steps: 1, failing: ['-0-0'] }), await start({ shards: 2, steps: 1 })]
    for (const { id } of [bad, good]) await jobEnds(db, id)
    await sql`update jobs set title = 'bulk two' where id in (${bad.id}, ${good.id})`.execute(db)
    expect(await bulk('retryJobs', { text: 'bulk two' }, false)).toMatchObject({ count: 1 })
    await jobEnds(db, bad.id)
    expect(await soundness(db, bad.id)).toEqual(soundAgain(2))
  })

  test('goes through 2,000 jobs, and leaves those of others alone', async () => {
    const many = (owner: string, count: number) =>
      sql`with j as (
          insert into jobs (kind, title, owner, input, open_shards)
          select 'relay', 'bulk many', ${owner}, '{"shards": 1, "steps": 0}', 1 from generate_series(1, ${count}) returning id)
        insert into job_shards (job_id, key, state) select id, 'main', 'QUEUED' from j`.execute(db)
    await many('local', 2_000)
    await many('somebody else', 3)
    const filter = { text: 'bulk many' }
    const timed = async (name: string) => {
      const from = performance.now()
      expect(await bulk(name, filter, true)).toMatchObject({ count: 2_000 })
      expect(await bulk(name, filter, false)).toMatchObject({ count: 2_000 })
      if (process.env['TEST_TIMES']) console.log(name, Math.round(performance.now() - from), 'ms')
    }
    for (const name of ['pauseJobs', 'resumeJobs', 'cancelJobs']) await timed(name)
    const { rows } =
      await sql`select owner, state, min(seq) as seq, count(*) as n from jobs where title = 'bulk many' group by 1, 2 order by 1`.execute(
        db,
      )
    // paused, resumed and cancelled: asked for, and done
    expect(rows).toEqual([
      { owner: 'local', state: 'CANCELLED', seq: 5, n: 2_000 },
      { owner: 'somebody else', state: 'PENDING', seq: 0, n: 3 },
    ])
    await timed('deleteJobs')
    await work()
    await until('their rows are gone', async () => {
      const { rows: left } = await sql<{ n: number }>`select count(*) as n from jobs where title = 'bulk many'`.execute(
        db,
      )
      return left[0]!.n === 3
    })
  })
})
