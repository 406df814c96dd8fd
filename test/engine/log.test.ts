import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'

import { startJob } from '../../jobs/control.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'
import { startWorker } from '../../jobs/worker.ts'
import { jobEnds, openTestEngine, owner } from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { createRelayTables } from '../support/relay-kind.ts'

test('the log tells when a job starts, makes a step, waits, is tried again, ends and fails', async () => {
  const { db, url } = await testDatabase()
  await createRelayTables(db)
  const lines: Record<string, unknown>[] = []
  const log = pino(
    { level: 'debug' },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  )
  const engine = { ...(await openTestEngine(url, db)), log }
  onTestFinished(() => engine.close())
  const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
  onTestFinished(() => outgoing.close())
  const worker = await startWorker({ engine, url, outgoing, slots: 4 })
  onTestFinished(() => worker.stop())

  const start = async (input: object) =>
    (await startJob(engine, { kind: 'relay', input: { shards: 1, steps: 1, letterEvery: 0, ...input }, owner })).jobId
  const good = await start({ rowsPerStep: 2, laterMs: 100, poison: 's000000-0-0' })
  const bad = await start({ keyDigest: 'of another key' })
  await jobEnds(db, good)
  await jobEnds(db, bad)

  const linesOf = (job: number) => lines.filter((line) => line['job'] === job)
  expect(linesOf(good)).toEqual(
    expect.arrayContaining(
      [
        { msg: 'job started', worker: worker.id() },
        { msg: 'step committed', shard: 'main' },
        { msg: 'shard waits', shard: 's000000', why: 'told to wait', until: expect.any(String) },
        { msg: 'shard failed; it will be tried again', shard: 's000000', attempts: 1 },
        { msg: 'step committed', shard: 's000000', counts: { total: 2, succeeded: 1, failed: 1, results: 1 } },
        { msg: 'job completed', kind: 'relay', summary: { job: good } },
      ].map((line) => expect.objectContaining(line)),
    ),
  )
  expect(linesOf(bad)).toContainEqual(
    expect.objectContaining({ msg: 'job failed', code: 'WRONG_DIGEST', reason: 'no' }),
  )
})
