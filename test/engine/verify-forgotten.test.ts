import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'

import { addSuppressions } from '../../db/suppressions.ts'
import { cancelJob, deleteJob } from '../../jobs/control.ts'
import { retryJob } from '../../jobs/control/retry-job.ts'
import { forgetAddress } from '../../jobs/suppression/forget.ts'
import { startDns } from '../support/dns.ts'
import { jobEnds, owner, sound, soundness, stateOf, until } from '../support/engine.ts'
import { startMailsso } from '../support/services/mailsso.ts'
import { verifyBench } from '../support/verify-bench.ts'

// What is forgotten, suppressed or deleted while a verification is at it: each row has one fate all the same, and nothing is paid for twice.

const dns = await startDns({
  otherwise: (name) => (name.startsWith('mx.') ? { a: ['198.20.1.1'] } : { mx: [[10, 'mx.hosting.com']] }),
})
const mailsso = await startMailsso()
afterAll(async () => {
  await dns.close()
  await mailsso.close()
})
const { db, engine, work, stopAll, verify, answersOf } = await verifyBench({
  dnsServers: [dns.server],
  services: { mailsso: { url: mailsso.url, key: mailsso.key } },
})

async function counts(jobId: number) {
  const { rows } = await sql`
    select total, done, succeeded, failed, skipped, results from jobs where id = ${jobId}`.execute(db)
  return rows[0]
}

test('an address that has its verdict is forgotten while others are asked about', async () => {
  await work(1)
  const known = 'ann@known.com'
  await jobEnds(db, await verify([known], { depth: 'DNS' }))
  dns.zone.set('slow.com', { mx: [[10, 'mx.hosting.com']], delayMs: 2_000 })
  const jobId = await verify([known, 'bob@slow.com', known.toUpperCase()], { depth: 'DNS' })
  await until('it has its verdict', async () => (await answersOf(jobId)).length > 0)
  await forgetAddress(engine, known, 'request 1')
  expect(await stateOf(db, jobId)).toBe('RUNNING')
  await jobEnds(db, jobId)
  expect(await counts(jobId)).toEqual({ total: 3, done: 3, succeeded: 1, failed: 0, skipped: 2, results: 1 })
  expect(await soundness(db, jobId)).toEqual(sound)
})

test('an address is forgotten after the end of a job', async () => {
  await work(1)
  dns.zone.set('faulty.com', { trouble: { what: 'servfail' } })
  const emails = ['ann@ended.com', 'bob@ended.com', 'carl@faulty.com', 'ann@ended.com', '']
  const jobId = await verify(emails, { depth: 'DNS' })
  await faultsPass(jobId)
  expect(await counts(jobId)).toEqual({ total: 5, done: 5, succeeded: 2, failed: 1, skipped: 2, results: 3 })
  await forgetAddress(engine, 'ann@ended.com', 'request 2')
  expect(await counts(jobId)).toEqual({ total: 5, done: 5, succeeded: 1, failed: 1, skipped: 3, results: 2 })
  await forgetAddress(engine, 'carl@faulty.com', 'request 3')
  expect(await counts(jobId)).toEqual({ total: 5, done: 5, succeeded: 1, failed: 0, skipped: 4, results: 1 })
})

test('an address whose check failed is suppressed before it is tried again', async () => {
  await work(1)
  dns.zone.set('again.com', { trouble: { what: 'servfail' } })
  const emails = ['ann@again.com', 'bob@again.com', 'carl@fine.com', 'ann@again.com']
  const jobId = await verify(emails, { depth: 'DNS' })
  await faultsPass(jobId)
  expect(await counts(jobId)).toMatchObject({ succeeded: 1, failed: 2, skipped: 1 })
  await addSuppressions(db, ['ann@again.com'], { reason: 'asked not to', source: 'PERSON' })
  dns.zone.set('again.com', { mx: [[10, 'mx.hosting.com']] })
  for (let round = 0; round < 2; round++) {
    if (round === 0) await retryJob(engine, jobId, owner)
    await jobEnds(db, jobId)
    expect(await counts(jobId)).toMatchObject({ total: 4, done: 4, succeeded: 2, failed: 0, skipped: 2 })
  }
  expect(await soundness(db, jobId)).toEqual({ ...sound, finishes: 2 })
})

test('what a service says of an address whose job is deleted meanwhile is stored all the same', async () => {
  await work(1)
  mailsso.delayMs = 1_500
  const address = 'valid@deleted.com'
  const byService = { depth: 'SMTP', service: 'mailsso' }
  const jobId = await verify([address], byService)
  await until('it is asked about', async () => mailsso.paid.has(address))
  await cancelJob(engine, jobId, owner)
  await until('it is cancelled', async () => (await stateOf(db, jobId)) === 'CANCELLED')
  await deleteJob(engine, jobId, owner)
  await until('its rows are gone', async () => (await stateOf(db, jobId)) === 'gone')
  await stopAll()
  mailsso.delayMs = 0
  await work(1)
  const second = await verify([address], byService)
  await jobEnds(db, second)
  expect(await answersOf(second)).toEqual([{ status: 'VALID', reason: 'mailbox_accepted', stored: true, n: 1 }])
  expect(mailsso.paid.get(address)).toBe(1)
})

/** The job ends, as if the pauses after faults of DNS were over. */
async function faultsPass(jobId: number): Promise<void> {
  await until('it ends', async () => {
    await sql`update domain_facts set holds_until = now() where faults > 0 and worker_id is null`.execute(db)
    await sql`update job_shards set wait_until = now() where job_id = ${jobId} and state = 'WAITING'`.execute(db)
    return (await stateOf(db, jobId)) === 'COMPLETED'
  })
}
