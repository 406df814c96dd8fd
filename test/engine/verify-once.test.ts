import { randomUUID } from 'node:crypto'

import { sql } from 'kysely'
import { afterAll, afterEach, expect, test } from 'vitest'

import { claimDomains } from '../../db/domain-facts.ts'
import { beginCall } from '../../db/service-calls.ts'
import { claimAddresses } from '../../db/verification-claims.ts'
import { goneHolders } from '../../db/workers.ts'
import { pauseJob, resumeJob } from '../../jobs/control.ts'
import { startDns } from '../support/dns.ts'
import { jobEnds, kill, owner, sound, soundness, stateOf, until } from '../support/engine.ts'
import { startMailsso } from '../support/services/mailsso.ts'
import { verifyBench } from '../support/verify-bench.ts'

// Never verified twice: counted at the DNS server and at the service.

const domains = 200
let slowMs = 0
const dns = await startDns({
  otherwise: (name) =>
    name.startsWith('mx')
      ? { a: ['198.20.1.1'] }
      : { mx: [[10, `mx${name.length % 3}.hosting.example`]], delayMs: slowMs },
})
const mailsso = await startMailsso()
afterAll(async () => {
  await dns.close()
  await mailsso.close()
})
afterEach(() => {
  dns.forgetQueries()
  slowMs = 0
  mailsso.delayMs = 0
})
const bench = await verifyBench({
  dnsServers: [dns.server],
  services: { mailsso: { url: mailsso.url, key: mailsso.key } },
})
const { db, engine, work, workApart, slots, answersOf } = bench
const verify = (emails: string[], more: object = {}) => bench.verify(emails, { depth: 'DNS', ...more })
const byService = { depth: 'SMTP', service: 'mailsso' }

/** Each list has domains of its own. */
function list(name: string, count = 1_000): string[] {
  return Array.from({ length: count }, (_, i) => `person${i}@d${i % domains}.${name}.com`)
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
  expect(await answersOf(other)).toMatchObject([{ ...accepted, n: 1_000 }])
  dns.forgetQueries()
  await resumeJob(engine, paused, owner)
  await jobEnds(db, paused)
  expect(dns.queries).toEqual([])
  for (const jobId of [paused, other]) expect(await soundness(db, jobId)).toEqual(sound)
})

test('a service is asked about 1,000 addresses once: nobody asks it, or DNS, about them again', async () => {
  mailsso.batches.pollsUntilDone = 1
  await work(2)
  const emails = list('served').map((address) => address.replace('person', 'valid'))
  const first = await verify(emails, byService)
  await jobEnds(db, first, 60_000)
  expect(await answersOf(first)).toEqual([{ status: 'VALID', reason: 'mailbox_accepted', stored: false, n: 1_000 }])
  const requests = mailsso.requests.length
  dns.forgetQueries()
  const second = await verify(emails, byService)
  await jobEnds(db, second)
  expect(await answersOf(second)).toEqual([{ status: 'VALID', reason: 'mailbox_accepted', stored: true, n: 1_000 }])
  expect(mailsso.requests).toHaveLength(requests)
  expect(dns.count()).toBe(0)
  expect(emails.filter((address) => mailsso.paid.get(address) !== 1)).toEqual([])
})

test('a pause breaks off no call that is paid for, and neither does a worker that shuts down after it', async () => {
  mailsso.delayMs = 1_000
  await work(1)
  const emails = Array.from({ length: 12 }, (_, i) => `valid${i}@shut.com`)
  const jobId = await verify(emails, byService)
  await until('it has paid for something', async () => emails.some((address) => mailsso.paid.has(address)))
  await pauseJob(engine, jobId, owner)
  await until('it is paused', async () => (await stateOf(db, jobId)) === 'PAUSED')
  const asked = emails.filter((address) => mailsso.paid.has(address))
  await bench.stopAll()
  const { rows } = await sql<{ state: string; n: number }>`
    select state, count(*)::int as n from service_calls where job_id = ${jobId} group by state`.execute(db)
  expect(rows).toEqual([{ state: 'ANSWERED', n: asked.length }])
  mailsso.delayMs = 0
  await work(1)
  await resumeJob(engine, jobId, owner)
  await jobEnds(db, jobId)
  expect(emails.map((address) => mailsso.paid.get(address))).toEqual(emails.map(() => 1))
  expect(await soundness(db, jobId)).toEqual(sound)
})

test('kill -9 strands nobody: what the dead worker was asking about is asked by another', async () => {
  slowMs = 400
  const dying = await workApart()
  const jobId = await verify(list('kill'))
  await until('it has claimed domains', async () => (await claimed('kill')) > 0)
  await kill(dying)
  slowMs = 0
  await work(1)
  // Before the dead one's claims of domains run out.
  await jobEnds(db, jobId, 45_000)
  expect(Math.max(...mxCounts())).toBeLessThanOrEqual(2)
  expect(await answersOf(jobId)).toEqual([{ ...accepted, stored: false, n: 1_000 }])
  expect(await soundness(db, jobId)).toEqual(sound)
  expect(await claimed('kill')).toBe(0)
})

test('what a dead worker was given after it had been removed is given back', async () => {
  await work(1)
  const by = { workerId: 'dead-1', lease: randomUUID() }
  const now = new Date()
  await claimDomains(db, ['late.com'], { now, notBefore: null, ...by })
  await claimAddresses(db, ['ada@late.com'], { depth: 'SMTP', engine: 'mailsso', ...by })
  await beginCall(db, { service: 'mailsso', address: 'ada@late.com', jobId: 1, workerId: by.workerId })
  await until('nothing is held by it', async () => (await goneHolders(db)).length === 0)
  const { rows } = await sql`
    select (select leased_until from domain_facts where domain = 'late.com') as domain, (select count(*) from verification_claims where address = 'ada@late.com') as addresses,
      (select state from service_calls where address = 'ada@late.com') as call`.execute(db)
  expect(rows).toEqual([{ domain: null, addresses: 0, call: 'UNCERTAIN' }])
})

test('kill -9 has at most the calls paid for twice that were in flight, and says which these are', async () => {
  mailsso.delayMs = 150
  const emails = Array.from({ length: 40 }, (_, i) => `valid${i}@paid${i % 7}.com`)
  const paidBefore = mailsso.paidAgain()
  const jobId = await verify(emails, byService)
  // A third at one checkpoint would give an address up, as one that may be to blame.
  const kills = 2
  for (let i = 0; i < kills; i++) {
    const before = mailsso.requests.length
    const dying = await workApart()
    await until('it has paid for something', async () => mailsso.requests.length >= before + 4)
    await kill(dying)
  }
  mailsso.delayMs = 0
  await work(1)
  await jobEnds(db, jobId)
  expect(emails.filter((address) => !mailsso.paid.has(address))).toEqual([])
  const paidAgain = mailsso.paidAgain() - paidBefore
  // Each slot with five calls; of those that were not heard to the end, fewer.
  expect(paidAgain).toBeLessThanOrEqual(kills * slots * 5)
  const { rows } = await sql<{ uncertain: number; open: number }>`
    select count(*) filter (where state = 'UNCERTAIN')::int as uncertain, count(*) filter (where state = 'ASKED')::int as open from service_calls where job_id = ${jobId}`.execute(
    db,
  )
  expect(paidAgain).toBeLessThanOrEqual(rows[0]!.uncertain)
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
  const jobId = await verify(emails, byService)
  const kills = 2
  for (let i = 0; i < kills; i++) {
    const sent = mailsso.calls('/batch')
    const dying = await workApart()
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
