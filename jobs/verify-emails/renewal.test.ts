import { sql } from 'kysely'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'

import { startDns } from '../../test/support/dns.ts'
import { driveKind } from '../../test/support/drive-kind.ts'
import { startMailHosts } from '../../test/support/mail-hosts.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { startMailsso } from '../../test/support/services/mailsso.ts'
import { startScriptedSmtp } from '../../test/support/smtp-script.ts'
import { createOutgoing } from '../outgoing.ts'
import type { VerifyInput } from './input.ts'
import { verifyEmails } from './job.ts'

// Checks that take longer than their claims last. The clock of intervals stands still and is set forward by hand; all else is real.

const { db } = await testDatabase()
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
const mailsso = await startMailsso()
let answer = Promise.withResolvers<void>()
const hosts = await startMailHosts({
  '127.0.1.1': (place) =>
    startScriptedSmtp({
      ...place,
      script: {
        async connect({ socket }) {
          await answer.promise
          socket.write('220 mx.hosting.com ESMTP\r\n')
        },
      },
    }),
})
const dns = await startDns({
  zone: {
    'slow.com': { mx: [[10, 'mx.hosting.com']] },
    'slowservice.com': { mx: [[10, 'mx.hosting.com']] },
    'slowdns.com': { mx: [[10, 'mx.hosting.com']], delayMs: 1_500 },
    'mx.hosting.com': { a: ['127.0.1.1'] },
  },
})
afterAll(async () => {
  await outgoing.close()
  await dns.close()
  await mailsso.close()
  await hosts.close()
})
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

function verify(emails: string[], more: Pick<VerifyInput, 'service' | 'depth'>) {
  return driveKind(verifyEmails, {
    db,
    outgoing,
    settings: {
      dnsServers: [dns.server],
      ownHosts: [`127.0.1.1:${hosts.port}`],
      smtp: { helo: 'probe.mailquarry.test', mailFrom: 'probe@mailquarry.test', port: hosts.port, replyMs: 20_000 },
      services: { mailsso: { url: mailsso.url, key: mailsso.key } },
    },
    input: { emails, fromKnown: false, force: false, ...more },
  })
}

/** Lets all claims of a table run out once there is one, sets the clock of intervals forward, and expects that they hold again. */
async function runsOutAndIsRenewed(table: 'verification_claims' | 'mx_connections' | 'domain_facts', afterMs: number) {
  const from = sql.table(table)
  const count = async (where: string) =>
    (await sql`select from ${from} where ${sql.raw(where)}`.execute(db)).rows.length
  await vi.waitFor(async () => expect(await count('leased_until is not null')).toBeGreaterThan(0), { timeout: 10_000 })
  await sql`update ${from} set leased_until = now() where leased_until is not null`.execute(db)
  vi.advanceTimersByTime(afterMs)
  await vi.waitFor(async () => expect(await count('leased_until <= now()')).toBe(0), { timeout: 10_000 })
  expect(await count('leased_until is not null')).toBeGreaterThan(0)
}

test('a talk with a slow mail host keeps its addresses, and its connection', async () => {
  answer = Promise.withResolvers()
  const done = verify(['ann@slow.com'], { service: 'builtin', depth: 'SMTP' })
  await runsOutAndIsRenewed('verification_claims', 60_000)
  await runsOutAndIsRenewed('mx_connections', 60_000)
  answer.resolve()
  expect((await done).counts).toMatchObject({ total: 1, succeeded: 1 })
})

test('a call to a slow service keeps its address', async () => {
  mailsso.delayMs = 1_500
  const done = verify(['valid@slowservice.com'], { service: 'mailsso', depth: undefined })
  await runsOutAndIsRenewed('verification_claims', 60_000)
  expect((await done).counts).toMatchObject({ succeeded: 1 })
  expect(mailsso.paidAgain()).toBe(0)
})

test('a question to slow name servers keeps its domain', async () => {
  const done = verify(['ann@slowdns.com'], { service: 'builtin', depth: 'DNS' })
  await runsOutAndIsRenewed('domain_facts', 15_000)
  expect((await done).counts).toMatchObject({ succeeded: 1 })
  expect(dns.count('slowdns.com', 'MX')).toBe(1)
})
