import { sql } from 'kysely'
import { afterAll, afterEach, expect, test } from 'vitest'

import { pauseJob, resumeJob, startJob } from '../../jobs/control.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'
import { startWorker, type Worker } from '../../jobs/worker.ts'
import { startDns } from '../support/dns.ts'
import {
  forkWorker,
  jobEnds,
  kill,
  openTestEngine,
  owner,
  sound,
  soundness,
  stateOf,
  until,
} from '../support/engine.ts'
import { testDatabase } from '../support/postgres.ts'
import { startMailsso } from '../support/services/mailsso.ts'

// Never verified twice: counted at the DNS server.

const domains = 200
const { db, url } = await testDatabase()
const dns = await startDns({
  otherwise: (name) =>
    name.startsWith('mx')
      ? { a: ['198.20.1.1'] }
      : { mx: [[10, `mx${name.length % 3}.hosting.example`]], delayMs: slowMs },
})
let slowMs = 0
const mailsso = await startMailsso()
const settings = { dnsServers: [dns.server], services: { mailsso: { url: mailsso.url, key: mailsso.key } } }
const engine = await openTestEngine(url, db, settings)
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
const workers: Worker[] = []
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
  dns.forgetQueries()
  slowMs = 0
})
afterAll(async () => {
  await outgoing.close()
  await engine.close()
  await dns.close()
  await mailsso.close()
})

async function work(count: number) {
  for (let i = 0; i < count; i++) workers.push(await startWorker({ engine, url, outgoing, slots: 4 }))
}

/** Each list has domains of its own. */
function list(name: string, count = 1_000): string[] {
  return Array.from({ length: count }, (_, i) => `person${i}@d${i % domains}.${name}.com`)
}

async function verify(emails: string[], more: object = {}): Promise<number> {
  return (await startJob(engine, { kind: 'verify-emails', input: { emails, depth: 'DNS', ...more }, owner })).jobId
}

async function answersOf(jobId: number) {
  const { rows } = await sql<{ status: string; reason: string; stored: boolean; n: number }>`
    select status, reason, from_store as stored, count(*)::int as n from job_verifications where job_id = ${jobId} group by 1, 2, 3 order by 1, 2, 3`.execute(
    db,
  )
  return rows
}

const accepted = { status: 'UNKNOWN', reason: 'domain_accepts_mail' }
/** How often the MX of each domain was asked for. On a machine that stands still for long enough the resolver repeats a message: that is the same question. */
function mxCounts(): number[] {
  const asked = dns.queries.filter(({ type }) => type === 'MX')
  return [...Map.groupBy(asked, ({ name }) => name).values()].map((same) => new Set(same.map(({ id }) => id)).size)
}

test('the same list again is answered from the store, with no query at all', async () => {
  await work(2)
  const emails = list('again')
  const first = await verify(emails)
  await jobEnds(db, first)
  expect(await answersOf(first)).toEqual([{ ...accepted, stored: false, n: 1_000 }])
  expect(mxCounts()).toEqual(Array.from({ length: domains }, () => 1))
  dns.forgetQueries()
  const second = await verify(emails)
  await jobEnds(db, second)
  expect(await answersOf(second)).toEqual([{ ...accepted, stored: true, n: 1_000 }])
  expect(dns.count()).toBe(0)
  expect(await soundness(db, second)).toEqual(sound)
})

test('force asks each domain once more, and the verdict before is kept', async () => {
  await work(2)
  const emails = list('force')
  await jobEnds(db, await verify(emails))
  dns.forgetQueries()
  const forced = await verify(emails, { force: true })
  await jobEnds(db, forced)
  expect(mxCounts()).toEqual(Array.from({ length: domains }, () => 1))
  expect(await answersOf(forced)).toEqual([{ ...accepted, stored: false, n: 1_000 }])
  const { rows } = await sql`
    select v.checks, v.forced, v.job_id as "jobId", (select count(*)::int from verdict_history h where h.address = v.address) as before
    from verdicts v where v.address = ${emails[0]}`.execute(db)
  expect(rows).toEqual([{ checks: 2, forced: true, jobId: forced, before: 1 }])
})

test('a stored verdict that is older than asked for does not answer', async () => {
  await work(1)
  const emails = list('old', 50)
  await jobEnds(db, await verify(emails))
  await sql`update verdicts set checked_at = checked_at - interval '40 hours' where domain like '%.old.com'`.execute(db)
  await sql`update domain_facts set asked_at = asked_at - interval '40 hours' where domain like '%.old.com'`.execute(db)
  dns.forgetQueries()
  const young = await verify(emails, { maxAgeDays: 1 })
  await jobEnds(db, young)
  expect(mxCounts()).toHaveLength(50)
  dns.forgetQueries()
  await sql`update verdicts set checked_at = checked_at - interval '40 hours' where domain like '%.old.com'`.execute(db)
  const older = await verify(emails, { maxAgeDays: 2 })
  await jobEnds(db, older)
  expect(dns.count()).toBe(0)
  expect(await answersOf(older)).toEqual([{ ...accepted, stored: true, n: 50 }])
})

test('two jobs over one list at the same time make one check of each address and ask about each domain once', async () => {
  slowMs = 30
  await work(2)
  const emails = list('both')
  const jobs = [await verify(emails), await verify(emails.toReversed())]
  for (const jobId of jobs) await jobEnds(db, jobId)
  expect(mxCounts()).toEqual(Array.from({ length: domains }, () => 1))
  const { rows } = await sql`
    select count(*)::int as addresses, max(checks) as checks, (select count(*)::int from verdict_history h where h.address like '%.both.com') as before
    from verdicts where domain like '%.both.com'`.execute(db)
  expect(rows).toEqual([{ addresses: 1_000, checks: 1, before: 0 }])
  for (const jobId of jobs) expect(await soundness(db, jobId)).toEqual(sound)
})

test('a pause strands nobody: another job over the same list goes on, and the paused one after it', async () => {
  slowMs = 300
  await work(2)
  const emails = list('pause')
  const paused = await verify(emails)
  await until('it has claimed domains', async () => (await claimed('pause')) > 0)
  await pauseJob(engine, paused, owner)
  await until('it is paused', async () => (await stateOf(db, paused)) === 'PAUSED')
  expect(await claimed('pause')).toBe(0)
  slowMs = 0
  const other = await verify(emails)
  await jobEnds(db, other)
  dns.forgetQueries()
  await resumeJob(engine, paused, owner)
  await jobEnds(db, paused)
  expect(dns.count()).toBe(0)
  for (const jobId of [paused, other]) expect(await soundness(db, jobId)).toEqual(sound)
})

test('kill -9 strands nobody: what the dead worker was asking about is asked by another', async () => {
  slowMs = 400
  const dying = await forkWorker({ url, slots: 4, settings })
  const jobId = await verify(list('kill'))
  await until('it has claimed domains', async () => (await claimed('kill')) > 0)
  await kill(dying)
  slowMs = 0
  await work(1)
  await jobEnds(db, jobId, 20_000)
  expect(Math.max(...mxCounts())).toBeLessThanOrEqual(2)
  expect(await answersOf(jobId)).toEqual([{ ...accepted, stored: false, n: 1_000 }])
  expect(await soundness(db, jobId)).toEqual(sound)
  expect(await claimed('kill')).toBe(0)
})

test('kill -9 has at most the calls paid for twice that were in flight, and says which these are', async () => {
  mailsso.delayMs = 150
  const emails = Array.from({ length: 40 }, (_, i) => `valid${i}@paid${i % 7}.com`)
  const jobId = await verify(emails, { depth: 'SMTP', service: 'mailsso' })
  // A third at one checkpoint would give an address up, as one that may be to blame.
  const kills = 2
  for (let i = 0; i < kills; i++) {
    const before = mailsso.requests.length
    const dying = await forkWorker({ url, slots: 4, settings })
    await until('it has paid for something', async () => mailsso.requests.length >= before + 4)
    await kill(dying)
  }
  mailsso.delayMs = 0
  await work(1)
  await jobEnds(db, jobId)
  expect(mailsso.paid.size).toBe(40)
  // Four slots with five calls each; of those that were not heard to the end, fewer.
  expect(mailsso.paidAgain()).toBeLessThanOrEqual(kills * 4 * 5)
  const { rows } = await sql<{ uncertain: number; open: number }>`
    select count(*) filter (where state = 'UNCERTAIN')::int as uncertain, count(*) filter (where state = 'ASKED')::int as open from service_calls where job_id = ${jobId}`.execute(
    db,
  )
  expect(mailsso.paidAgain()).toBeLessThanOrEqual(rows[0]!.uncertain)
  expect(rows[0]!.open).toBe(0)
  expect(await soundness(db, jobId)).toEqual(sound)
})

test('kill -9 has at most the batches sent twice that were on their way', async () => {
  mailsso.delayMs = 150
  mailsso.batches.pollsUntilDone = 1
  const before = mailsso.batches.all.length
  const paidBefore = mailsso.paidAgain()
  // Eight shards of 30.
  const emails = Array.from({ length: 240 }, (_, i) => `valid${i}@batched${i % 7}.com`)
  const jobId = await verify(emails, { depth: 'SMTP', service: 'mailsso' })
  const kills = 2
  const slots = 4
  for (let i = 0; i < kills; i++) {
    const sent = mailsso.calls('/batch')
    const dying = await forkWorker({ url, slots, settings })
    await until('it sends a batch', async () => mailsso.calls('/batch') > sent)
    await kill(dying)
  }
  mailsso.delayMs = 0
  await work(1)
  await jobEnds(db, jobId, 60_000)
  const again = mailsso.batches.all.length - before - 8
  expect(again).toBeLessThanOrEqual(kills * slots)
  expect(mailsso.paidAgain() - paidBefore).toBeLessThanOrEqual(kills * slots * 30)
  expect(emails.filter((address) => !mailsso.paid.has(address))).toEqual([])
  const { rows } = await sql<{ open: number }>`
    select count(*)::int as open from service_batches where state in ('SENDING', 'RUNNING')`.execute(db)
  expect(rows[0]!.open).toBe(0)
  expect(await soundness(db, jobId)).toEqual(sound)
})

async function claimed(name: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from domain_facts where worker_id is not null and domain like ${`%.${name}.com`}`.execute(
    db,
  )
  return rows[0]!.n
}
