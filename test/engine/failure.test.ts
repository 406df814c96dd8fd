import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

import { failJob, resumeJob } from '../../jobs/control.ts'
import { JobFailure } from '../../jobs/job-kind.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'
import { startWorker, type Worker } from '../../jobs/worker.ts'
import { jobEnds, owner, sound, soundness, stateOf, until } from '../support/engine.ts'
import { relayBench } from '../support/relay-bench.ts'
import { relayKind } from '../support/relay-kind.ts'

const { db, url, engine, start, count } = await relayBench({ letterEvery: 0 })
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
/** In this very process, where a kind can be changed. */
let worker: Worker
beforeAll(async () => {
  worker = await startWorker({ engine, url, outgoing, slots: 4 })
})
afterAll(async () => {
  await worker.stop()
  await outgoing.close()
})

test('a job that fails in its very end has only that left to do when it is resumed', async () => {
  const { finish } = relayKind
  onTestFinished(() => void (relayKind.finish = finish))
  relayKind.finish = () => Promise.reject(new JobFailure('STORAGE_REFUSED', 'no room'))
  const jobId = await start({ shards: 3, steps: 2 })
  await jobEnds(db, jobId)
  expect(await stateOf(db, jobId)).toBe('FAILED')
  relayKind.finish = finish
  await resumeJob(engine, jobId, owner)
  // Mending would find it after 15 s.
  await jobEnds(db, jobId, 8_000)
  expect(await soundness(db, jobId)).toEqual(sound)
})

test('what runs of a job that fails is told to stop', async () => {
  const jobId = await start({ shards: 2, steps: 1, stepMs: 600_000 })
  await until('both run', async () => (await count(jobId, 'DONE')) === 1 && (await count(jobId, 'RUNNING')) === 2)
  await failJob(engine, jobId, { code: 'STORAGE_REFUSED', message: 'no room' })
  await until('neither runs', async () => (await count(jobId, 'RUNNING')) === 0)
})
