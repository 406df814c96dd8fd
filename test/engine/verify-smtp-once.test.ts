import { sql } from 'kysely'
import { afterAll, afterEach, expect, test } from 'vitest'

import { pauseJob, resumeJob } from '../../jobs/control.ts'
import { startDns } from '../support/dns.ts'
import { jobEnds, kill, owner, sound, soundness, stateOf, until } from '../support/engine.ts'
import { startScriptedSmtp } from '../support/smtp-script.ts'
import { verifyBench } from '../support/verify-bench.ts'

// No mailbox is asked about twice: counted at the mail host.

let slowMs = 0
const mail = await startScriptedSmtp({
  script: {
    RCPT: async ({ socket, session }) => {
      if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs))
      const isKnown = session.recipients.at(-1)!.startsWith('person')
      socket.write(isKnown ? '250 2.1.5 Ok\r\n' : '550 5.1.1 No such user\r\n')
    },
  },
})
const dns = await startDns({
  // Each domain has a host of its own, so that none is asked slowly for the sake of another.
  otherwise: (name) => (name.startsWith('mx.') ? { a: ['127.0.0.1'] } : { mx: [[10, `mx.${name}`]] }),
})
afterAll(async () => {
  await dns.close()
  await mail.close()
})
afterEach(() => void (slowMs = 0))
const bench = await verifyBench({
  dnsServers: [dns.server],
  ownHosts: [`127.0.0.1:${mail.port}`],
  smtp: { helo: 'probe.mailquarry.test', mailFrom: 'probe@mailquarry.test', port: mail.port, replyMs: 30_000 },
})
const { db, engine, work, workApart, answersOf } = bench
const verify = (emails: string[]) => bench.verify(emails, { depth: 'SMTP' })

function list(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `person${i}@d${i % (count / 5)}${name}.com`)
}

const accepted = { status: 'VALID', reason: 'mailbox_accepted' }
/** How often each address of a list was asked about. */
const timesAsked = (emails: string[]) => emails.map((address) => mail.asked(address))
const once = (emails: string[]) => emails.map(() => 1)

async function claims(name: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from verification_claims where address like ${`%${name}.com`}`.execute(db)
  return rows[0]!.n
}

test('1,000 addresses again: no connection, and no question to DNS', { timeout: 240_000 }, async () => {
  await work(2)
  const emails = list('again', 1_000)
  const first = await verify(emails)
  await jobEnds(db, first, 200_000)
  expect(await answersOf(first)).toEqual([{ ...accepted, stored: false, n: 1_000 }])
  expect(timesAsked(emails)).toEqual(once(emails))
  expect(mail.said('DATA')).toBe(0)
  const connections = mail.sessions.length
  dns.forgetQueries()
  const second = await verify(emails)
  await jobEnds(db, second)
  expect(await answersOf(second)).toEqual([{ ...accepted, stored: true, n: 1_000 }])
  expect(mail.sessions).toHaveLength(connections)
  expect(dns.count()).toBe(0)
  expect(await soundness(db, second)).toEqual(sound)
})

test('two jobs over one list at the same time ask about each mailbox once', { timeout: 240_000 }, async () => {
  slowMs = 20
  await work(2)
  const emails = list('both', 200)
  const jobs = [await verify(emails), await verify(emails.toReversed())]
  for (const jobId of jobs) await jobEnds(db, jobId, 200_000)
  expect(timesAsked(emails)).toEqual(once(emails))
  const { rows } = await sql`
    select count(*)::int as addresses, max(checks) as checks from verdicts where address like '%both.com'`.execute(db)
  expect(rows).toEqual([{ addresses: 200, checks: 1 }])
  for (const jobId of jobs) expect(await soundness(db, jobId)).toEqual(sound)
  expect(await claims('both')).toBe(0)
})

test(
  'a pause gives all back: another job asks, and the paused one asks nobody twice',
  { timeout: 240_000 },
  async () => {
    slowMs = 300
    await work(2)
    const emails = list('pause', 100)
    const paused = await verify(emails)
    await until('it asks about mailboxes', async () => emails.some((address) => mail.asked(address) > 0))
    await pauseJob(engine, paused, owner)
    await until('it is paused', async () => (await stateOf(db, paused)) === 'PAUSED')
    await until('nothing is claimed', async () => (await claims('pause')) === 0)
    slowMs = 0
    const other = await verify(emails)
    await jobEnds(db, other, 200_000)
    const connections = mail.sessions.length
    await resumeJob(engine, paused, owner)
    await jobEnds(db, paused)
    expect(mail.sessions).toHaveLength(connections)
    for (const jobId of [paused, other]) expect(await soundness(db, jobId)).toEqual(sound)
  },
)

test('kill -9 strands nobody, and nobody is asked about twice who had a verdict', { timeout: 240_000 }, async () => {
  slowMs = 150
  const emails = list('kill', 100)
  const dying = await workApart()
  const jobId = await verify(emails)
  const stored = async () => {
    const { rows } = await sql<{ address: string }>`
      select address from verdicts where address like '%kill.com' and depth = 'SMTP'`.execute(db)
    return rows.map(({ address }) => address)
  }
  await until('something is stored', async () => (await stored()).length > 0)
  await kill(dying)
  const had = await stored()
  slowMs = 0
  await work(1)
  await jobEnds(db, jobId, 200_000)
  expect(await answersOf(jobId)).toMatchObject([{ ...accepted, n: 100 }])
  expect(timesAsked(had)).toEqual(once(had))
  expect(Math.max(...timesAsked(emails))).toBeLessThanOrEqual(2)
  expect(await soundness(db, jobId)).toEqual(sound)
  expect(await claims('kill')).toBe(0)
})
